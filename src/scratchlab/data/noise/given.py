"""Given labels: the possibly wrong labels on which methods train and validate, and a record of every changed label."""

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

SEED_KEY = 101  # part of the seed of label noise, so that splits and shots do not depend on it

Rate = Annotated[float, Field(ge=0, lt=1, description="noise rate: fraction of the labels that is changed")]
Exact = Annotated[
    bool, Field(description="true: change exactly round(rows × rate) labels of each class; false: each label with probability `rate`")
]


class Noise(Protocol):
    """A kind of label noise."""

    def labels(self, samples: Samples, rows: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """The labels given to these rows `[n]`, each one of `classes`. Raises Problem where they cannot be determined."""
        ...


@dataclass(frozen=True)
class GivenLabels:
    """The labels given to the training and validation rows of a run: one realisation of label noise.

    rows: `[n]` row numbers; ids: `[n]` their sample ids. splits: `[n]` "train" or "valid". true, given: `[n]` labels, as indices into
    `classes`, the source's class names.
    """

    rows: Rows
    ids: Strings
    splits: Strings
    true: Rows
    given: Rows
    classes: tuple[str, ...]

    @property
    def changed(self) -> npt.NDArray[np.bool_]:
        """`[n]`: whether the given label differs from the true label."""
        return self.given != self.true

    def apply(self, samples: Samples) -> Samples:
        """The samples with `given` set to these labels; the true labels stay in `labels`, for the evaluation."""
        labels = samples.labels.copy()
        labels[self.rows] = self.given
        return replace(samples, given=labels)

    def table(self) -> pl.DataFrame:
        """A table with one row per label and columns id, split, true, given; [noise] name = "column" reads it from .parquet or .csv."""
        dtype = pl.Enum(self.classes)
        names = np.array(self.classes)
        return pl.DataFrame(
            {
                "id": self.ids,
                "split": self.splits,
                "true": pl.Series(names[self.true], dtype=dtype),
                "given": pl.Series(names[self.given], dtype=dtype),
            }
        )

    def facts(self) -> dict[str, Any]:
        """The facts for result.json: realised noise rates by split, the transition counts, and a hash of ids and given labels.

        transitions: true class -> given class -> number of rows; pairs that do not occur are left out. hash: does not depend on the order
        of the rows.
        """
        transitions: dict[str, dict[str, int]] = {}
        for true, given, count in self.table().group_by("true", "given").len().sort("true", "given").iter_rows():
            transitions.setdefault(true, {})[given] = count
        lines = sorted(f"{sample}\t{self.classes[label]}\n" for sample, label in zip(self.ids, self.given, strict=True))
        parts = {split: self.changed[self.splits == split] for split in ("train", "valid") if (self.splits == split).any()}
        return {
            "rows": {split: len(changed) for split, changed in parts.items()},
            "changed": {split: int(changed.sum()) for split, changed in parts.items()},
            "rate": {split: float(changed.mean()) for split, changed in parts.items()},
            "transitions": transitions,
            "hash": hashlib.sha256("".join(lines).encode()).hexdigest()[:16],
        }


def given_labels(noise: Noise, samples: Samples, split: Split, seed: int) -> GivenLabels:
    """Draws one realisation of the noise, with separate random numbers for training rows, validation rows and everything else.

    Raises Problem where a given label is not among the classes of training, or where a class would lose all its training rows.
    """
    parts = [_part(noise, samples, split, rows, [seed, SEED_KEY, number]) for number, rows in enumerate((split.train, split.valid))]
    true = samples.labels[split.train]
    if len(lost := np.setdiff1d(true, parts[0])):
        raise Problem(
            f"Label noise changes all {int((true == lost[0]).sum())} training labels of class '{samples.classes[int(lost[0])]}', and no "
            "other sample is given this label; lower noise.rate, or add samples of the class."
        )
    rows = np.concatenate([split.train, split.valid])
    splits = np.repeat(["train", "valid"], [len(split.train), len(split.valid)])
    return GivenLabels(rows, samples.ids[rows], splits, samples.labels[rows], np.concatenate(parts), samples.classes)


def _part(noise: Noise, samples: Samples, split: Split, rows: Rows, seed: list[int]) -> Rows:
    """The labels given to the training or validation rows."""
    if not len(rows):
        return rows
    true = samples.labels[rows]
    # validation rows may be of other classes than training rows, as in re-identification: their wrong labels are then among their classes
    classes = np.sort(split.classes) if np.isin(true, split.classes).all() else np.unique(true)
    given = noise.labels(samples, rows, classes, np.random.default_rng(seed))
    if len(foreign := np.flatnonzero(~np.isin(given, classes))):
        first = int(foreign[0])
        raise Problem(
            f"Label noise gives {len(foreign)} of {len(rows)} samples labels outside of the classes of training "
            f"({listing(np.array(samples.classes)[classes])}), such as '{samples.classes[int(given[first])]}' for sample "
            f"'{samples.ids[rows[first]]}'; let the protocol train on all classes of the given labels."
        )
    return given


def labels_to_change(true: Rows, rate: float, exact: bool, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """`[n]`: which labels to change. exact: round(n_c · rate) labels of each class with n_c rows; else each with probability `rate`.

    Labels that a lower rate changes are also changed at a higher rate with the same generator.
    """
    numbers = rng.random(len(true))
    if not exact:
        return numbers < rate
    changed = np.zeros(len(true), dtype=np.bool_)
    for label in np.unique(true):
        rows = np.flatnonzero(true == label)
        changed[rows[np.argsort(numbers[rows], kind="stable")][: round(len(rows) * rate)]] = True
    return changed
