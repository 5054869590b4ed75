"""What several trainings answered, by seed, draw of the shots and group of queries, and how sure their shares and gains are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.metrics.crossed import over_crossed
from scratchlab.metrics.estimate import Estimate
from scratchlab.store.run import Run

Values = npt.NDArray[np.float64]
AXES = ("seeds", "draws", "groups of queries")


@dataclass(frozen=True)
class Counts:
    """Answers `[seeds, draws, groups]`: how many were right, and how many were asked."""

    right: Values
    asked: Values

    def share(self) -> Estimate:
        """Accuracy."""
        return over_crossed(self.right, self.asked, AXES)

    def gain_over(self, other: Counts) -> Estimate:
        """Accuracy less that of another on the same trainings, draws and queries."""
        return over_crossed(self.right - other.right, self.asked, AXES)


def joined(trainings: Sequence[tuple[Values, Values]], folds: int) -> Counts:
    """Right answers and answers `[draws, groups]` of each training, the folds of a seed next to each other.

    The folds of a seed ask groups of their own, so they stand side by side: their groups are those of the seed.
    """
    seeds = [trainings[start : start + folds] for start in range(0, len(trainings), folds)]
    right, asked = (np.stack([np.concatenate([one[part] for one in seed], axis=1) for seed in seeds]) for part in (0, 1))
    return Counts(right, asked)


def counted(runs: Sequence[Run], folds: int, head: str, which: str) -> Counts:
    """What a head of several runs (seed by seed) answered in the last session; `which`: "all", "base" or "new" classes; "session 0"."""
    return joined([_answers(run, head, which) for run in runs], folds)


def _answers(run: Run, head: str, which: str) -> tuple[Values, Values]:
    """Of one run, `[draws, groups]` each; a group without a query of these classes counts as asked nothing."""
    summary = run.json("summary")
    base = summary["classes"][: summary["base_classes"]]
    rows = run.table("predictions").filter(pl.col("head") == head)
    rows = rows.filter(pl.col("session") == (0 if which == "session 0" else rows["session"].max()))
    of_base = pl.col("truth").cast(pl.String).is_in(base)
    counts = {"base": of_base, "new": ~of_base}.get(which, pl.lit(value=True))
    draws, groups = (np.unique(rows[name], return_inverse=True) for name in ("draw", "group"))
    place = draws[1] * len(groups[0]) + groups[1]
    told = rows.select(right=counts & (pl.col("truth") == pl.col("predicted")), asked=counts)
    shape = (len(draws[0]), len(groups[0]))
    right, asked = (np.bincount(place, told[name].cast(pl.Float64), minlength=shape[0] * shape[1]) for name in ("right", "asked"))
    return right.reshape(shape), asked.reshape(shape)
