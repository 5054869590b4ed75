"""The labels a learner is shown in place of the true ones, and a record of every label that was changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from scratchlab.checks import Problem, listing
from scratchlab.types import Rows, Samples, Split, Strings

PURPOSE = 101  # of these random numbers, so that those of splits and shots do not depend on label noise

Rate = Annotated[float, Field(ge=0, lt=1, description="share of the labels that is changed")]
Exact = Annotated[bool, Field(description="of each class round(rows × rate); otherwise each row by chance, at this rate")]


class Noise(Protocol):
    """A kind of label noise."""

    def labels(self, samples: Samples, rows: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """The labels given to these rows `[n]`, each one of `classes`. Raises Problem where they cannot be told."""
        ...


@dataclass(frozen=True)
class GivenLabels:
    """The labels given to the training and validation rows of a run: one realisation of label noise.

    rows, true, given: `[n]`, labels as indices into `classes`, the source's. ids: `[n]`. splits: `[n]` "train" or "valid".
    """

    rows: Rows
    ids: Strings
    splits: Strings
    true: Rows
    given: Rows
    classes: tuple[str, ...]

    @property
    def changed(self) -> npt.NDArray[np.bool_]:
        """`[n]`: whether the given label is not the true one."""
        return self.given != self.true

    def shown(self, samples: Samples) -> Samples:
        """The samples as a split shows them to a learner: with these labels given, and the true ones kept for the evaluation."""
        labels = samples.labels.copy()
        labels[self.rows] = self.given
        return replace(samples, given=labels)

    def table(self) -> pl.DataFrame:
        """A row a label: id, split, true, given. `column` reads it back, from .parquet and from .csv alike."""
        kind = pl.Enum(self.classes)
        names = np.array(self.classes)
        return pl.DataFrame(
            {
                "id": self.ids,
                "split": self.splits,
                "true": pl.Series(names[self.true], dtype=kind),
                "given": pl.Series(names[self.given], dtype=kind),
            }
        )

    def facts(self) -> dict[str, Any]:
        """For the result: realised rates by split, transition counts by class names, and the hash of ids and given labels.

        transitions: true class -> given class -> rows; pairs that do not occur are left out. hash: equal for equal realisations, whatever
        the order of the rows.
        """
        transitions: dict[str, dict[str, int]] = {}
        for true, given, count in self.table().group_by("true", "given").len().sort("true", "given").iter_rows():
            transitions.setdefault(true, {})[given] = count
        lines = sorted(f"{one}\t{self.classes[label]}\n" for one, label in zip(self.ids, self.given, strict=True))
        parts = {split: self.changed[self.splits == split] for split in ("train", "valid") if (self.splits == split).any()}
        return {
            "rows": {split: len(changed) for split, changed in parts.items()},
            "changed": {split: int(changed.sum()) for split, changed in parts.items()},
            "rate": {split: float(changed.mean()) for split, changed in parts.items()},
            "transitions": transitions,
            "hash": hashlib.sha256("".join(lines).encode()).hexdigest()[:16],
        }


def given_labels(noise: Noise, samples: Samples, split: Split, seed: int) -> GivenLabels:
    """One realisation of the noise, drawn for training and validation rows independently of each other and of every other random choice.

    Raises Problem where a label would be of no class that is trained, and where a class would be left without training rows.
    """
    parts = [_part(noise, samples, split, rows, [seed, PURPOSE, number]) for number, rows in enumerate((split.train, split.valid))]
    true = samples.labels[split.train]
    if len(gone := np.setdiff1d(true, parts[0])):
        raise Problem(
            f"Label noise leaves class '{samples.classes[int(gone[0])]}' no training row, of {int((true == gone[0]).sum())}; lower the "
            "rate of the noise, or give the class more samples."
        )
    rows = np.concatenate([split.train, split.valid])
    splits = np.repeat(["train", "valid"], [len(split.train), len(split.valid)])
    return GivenLabels(rows, samples.ids[rows], splits, samples.labels[rows], np.concatenate(parts), samples.classes)


def _part(noise: Noise, samples: Samples, split: Split, rows: Rows, seed: list[int]) -> Rows:
    """The labels given to the rows of one part."""
    if not len(rows):
        return rows
    true = samples.labels[rows]
    # validation rows may be of other classes than training rows, as identities are: wrong labels then are among theirs
    classes = np.sort(split.classes) if np.isin(true, split.classes).all() else np.unique(true)
    given = noise.labels(samples, rows, classes, np.random.default_rng(seed))
    if len(foreign := np.flatnonzero(~np.isin(given, classes))):
        first = int(foreign[0])
        raise Problem(
            f"Label noise gives sample '{samples.ids[rows[first]]}' the label '{samples.classes[int(given[first])]}', and so on for "
            f"{len(foreign)} of {len(rows)} samples, but only these classes take part in training: "
            f"{listing(np.array(samples.classes)[classes])}; let the protocol train on all classes of the labels."
        )
    return given


def chosen(true: Rows, rate: float, exact: bool, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """`[n]`: which labels to change. exact: of each class round(n_c · rate) rows, else each row with probability `rate`.

    What a lower rate changes, a higher one with the same generator changes too.
    """
    chance = rng.random(len(true))
    if not exact:
        return chance < rate
    changed = np.zeros(len(true), dtype=np.bool_)
    for label in np.unique(true):
        own = np.flatnonzero(true == label)
        changed[own[np.argsort(chance[own], kind="stable")][: round(len(own) * rate)]] = True
    return changed
