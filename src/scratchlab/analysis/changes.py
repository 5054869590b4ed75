"""Differences between runs A and B in the context of the headline metric: by class, by confusion, by unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.analysis.confusion import Counts, matrix
from scratchlab.analysis.paired import PairedUnits, over_draws, over_groups
from scratchlab.metrics.estimate import Estimate


@dataclass(frozen=True)
class ClassChange:
    """Mean values of A and B on the units of one true class, over all draws, and their difference with its intervals."""

    name: str
    units: int
    a: float
    b: float
    over_draws: Estimate
    over_groups: Estimate


@dataclass(frozen=True)
class Shift:
    """Counts of one confusion: `a` and `b`, how many of the `total` queries of class `truth` A and B classified as `answer`."""

    truth: str
    answer: str
    a: int
    b: int
    total: int


@dataclass(frozen=True)
class ConfusionChange:
    """Confusion matrices `[c, c]` of A and of B: row = true class, column = predicted class."""

    classes: tuple[str, ...]
    a: Counts
    b: Counts

    @property
    def change(self) -> npt.NDArray[np.float64]:
        """B's fraction of the true class minus A's; a class without queries has a row of zeros."""
        return (self.b - self.a) / np.maximum(self.a.sum(axis=1, keepdims=True), 1)

    def shifts(self, most: int = 12) -> list[Shift]:
        """The errors whose fraction of their true class changed most, largest change first."""
        change = np.abs(self.change) * (1 - np.eye(len(self.classes)))
        total = self.a.sum(axis=1)
        order = [divmod(int(place), len(self.classes)) for place in np.argsort(-change, axis=None, kind="stable")[:most]]
        return [
            Shift(self.classes[i], self.classes[j], int(self.a[i, j]), int(self.b[i, j]), int(total[i]))
            for i, j in order
            if change[i, j] > 0
        ]


@dataclass(frozen=True)
class Flip:
    """A unit on which one head was better in more draws than the other.

    better_a, better_b: number of draws in which A, or B, was better. a, b: mean values. answers_a, answers_b: predicted classes and their
    counts, most frequent first; empty if predictions are not classes.
    """

    id: str
    group: str
    truth: str
    draws: int
    better_a: int
    better_b: int
    a: float
    b: float
    answers_a: tuple[tuple[str, int], ...]
    answers_b: tuple[tuple[str, int], ...]


def class_changes(units: PairedUnits, classes: tuple[str, ...]) -> list[ClassChange]:
    """The changes of all classes with units in the context of the headline metric, largest first."""
    rows = units.at(units.headline)
    if not classes or "truth" not in rows.columns:
        return []
    truth = rows["truth"].to_numpy().astype(np.str_)
    present = [name for name in classes if name in set(truth.tolist())]
    intervals = over_groups(rows, truth[:, None] == np.array(present), units.independent)
    changes: list[ClassChange] = []
    for name, interval in zip(present, intervals, strict=True):
        own = rows.filter(pl.col("truth") == name)
        a, b = (float(own[column].to_numpy().mean()) for column in ("value_a", "value_b"))
        changes.append(ClassChange(name, own["id"].n_unique(), a, b, over_draws(own, paired=units.paired), interval))
    return sorted(changes, key=lambda change: -abs(change.b - change.a))


def confusion_change(units: PairedUnits, classes: tuple[str, ...]) -> ConfusionChange | None:
    """The confusion matrices over all draws in the context of the headline metric; None if predictions are not classes."""
    rows = units.at(units.headline)
    if not classes or "truth" not in rows.columns:
        return None
    a, b = (matrix(rows.group_by("truth", pl.col(f"answer_{side}").alias("answer")).len(), classes) for side in "ab")
    return ConfusionChange(classes, a, b)


def flips(units: PairedUnits, most: int) -> tuple[list[Flip], list[Flip], tuple[int, int]]:
    """Up to `most` units on which A was better in more draws than B, up to `most` with B better, and the total numbers of both.

    All are in the context of the headline metric. Units are sorted by number of draws, then by difference; among equal ones, classes
    alternate."""
    rows = units.at(units.headline)
    labelled = "truth" in rows.columns
    answers = ["answer_a", "answer_b"] if labelled else []
    rows = rows if labelled else rows.with_columns(truth=pl.lit(""))
    better = {"better_a": pl.col("value_a") > pl.col("value_b"), "better_b": pl.col("value_b") > pl.col("value_a")}
    grouped = rows.group_by("id", "group", "truth", maintain_order=True)
    table = grouped.agg(
        pl.len().alias("draws"),
        *(column.sum().alias(name) for name, column in better.items()),
        pl.col("value_a").mean(),
        pl.col("value_b").mean(),
        *answers,
    )
    net = pl.col("better_a").cast(pl.Int64) - pl.col("better_b").cast(pl.Int64)
    table = table.sort("id").with_columns(net=net, size=(pl.col("value_a") - pl.col("value_b")).abs())
    table = table.with_columns(turn=pl.int_range(pl.len()).over("net", "size", "truth"))  # equal units of different classes alternate
    order = ["size", "turn", "id"]
    ahead = [
        table.filter(pl.col("net") > 0).sort("net", *order, descending=[True, True, False, False]),
        table.filter(pl.col("net") < 0).sort("net", *order, descending=[False, True, False, False]),
    ]
    shown = [[_flip(row) for row in side.head(most).iter_rows(named=True)] for side in ahead]
    return shown[0], shown[1], (len(ahead[0]), len(ahead[1]))


def _flip(row: dict[str, object]) -> Flip:
    """A flip from a row of the table."""

    def counts_of(answers: object) -> tuple[tuple[str, int], ...]:
        names, counts = np.unique(np.array(answers, dtype=np.str_), return_counts=True)
        return tuple((str(names[i]), int(counts[i])) for i in np.argsort(-counts, kind="stable"))

    draws, better_a, better_b = (int(str(row[name])) for name in ("draws", "better_a", "better_b"))
    a, b = (float(str(row[name])) for name in ("value_a", "value_b"))
    of_a, of_b = (counts_of(row[name]) if name in row else () for name in ("answer_a", "answer_b"))
    return Flip(str(row["id"]), str(row["group"]), str(row["truth"]), draws, better_a, better_b, a, b, of_a, of_b)
