"""What changed from A to B in the last session: which classes moved, which mistakes, and which queries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.analysis.contests import Joined, over_draws, over_groups
from scratchlab.metrics.accuracy import confusion
from scratchlab.metrics.estimate import Estimate

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassChange:
    """Recalls of one class, over all draws of the last session, and their difference with its intervals."""

    name: str
    queries: int
    a: float
    b: float
    over_draws: Estimate
    over_groups: Estimate


@dataclass(frozen=True)
class Shift:
    """Of the `asked` answers to queries of class `truth`, `a` of A's and `b` of B's were `answer`."""

    truth: str
    answer: str
    a: int
    b: int
    asked: int


@dataclass(frozen=True)
class Confusions:
    """Counts `[c, c]` of A and of B: row = true class, column = answer, in the order the classes arrived."""

    classes: tuple[str, ...]
    a: Counts
    b: Counts

    @property
    def change(self) -> npt.NDArray[np.float64]:
        """Share of the true class that B answered so, less A's; a class nobody asked for has a row of zeros."""
        return (self.b - self.a) / np.maximum(self.a.sum(axis=1, keepdims=True), 1)

    def shifts(self, most: int = 12) -> list[Shift]:
        """The mistakes whose share of their true class changed most, the largest change first."""
        change = np.abs(self.change) * (1 - np.eye(len(self.classes)))
        asked = self.a.sum(axis=1)
        order = [divmod(int(place), len(self.classes)) for place in np.argsort(-change, axis=None, kind="stable")[:most]]
        return [
            Shift(self.classes[i], self.classes[j], int(self.a[i, j]), int(self.b[i, j]), int(asked[i]))
            for i, j in order
            if change[i, j] > 0
        ]


@dataclass(frozen=True)
class Flip:
    """A query that one of the two answered rightly in more draws than the other.

    only_a, only_b: in how many of the `draws` it alone was right. answers_a, answers_b: what was answered, and how often, the most first.
    """

    id: str
    group: str
    truth: str
    draws: int
    only_a: int
    only_b: int
    answers_a: tuple[tuple[str, int], ...]
    answers_b: tuple[tuple[str, int], ...]


def class_changes(found: Joined, classes: tuple[str, ...]) -> list[ClassChange]:
    """Of every class that was asked for, the largest change first."""
    rows = found.session(found.last)
    truth = rows["truth"].to_numpy().astype(np.str_)
    asked = [name for name in classes if name in set(truth.tolist())]
    members = truth[:, None] == np.array(asked)
    intervals = over_groups(rows, members)
    changes: list[ClassChange] = []
    for name, interval in zip(asked, intervals, strict=True):
        own = rows.filter(pl.col("truth") == name)
        a, b = (float(own[column].to_numpy().mean()) for column in ("right_a", "right_b"))
        changes.append(ClassChange(name, own["id"].n_unique(), a, b, over_draws(own, paired=found.paired), interval))
    return sorted(changes, key=lambda change: -abs(change.b - change.a))


def confusions(found: Joined, classes: tuple[str, ...]) -> Confusions:
    """Counted over all draws of the last session."""
    rows, place = found.session(found.last), {name: i for i, name in enumerate(classes)}
    truth, a, b = (np.array([place[name] for name in rows[column]], dtype=np.int64) for column in ("truth", "a", "b"))
    order = np.arange(len(classes))
    return Confusions(classes, confusion(a, truth, order), confusion(b, truth, order))


def flips(found: Joined, most: int) -> tuple[list[Flip], list[Flip], tuple[int, int]]:
    """The queries of the last session that A answered rightly in more draws than B, and the other way round, `most` of each, those of the
    most draws first and of equals one of each class in turn; and how many there are of each in all."""
    rows = found.session(found.last)
    only_a, only_b = pl.col("right_a") & ~pl.col("right_b"), ~pl.col("right_a") & pl.col("right_b")
    grouped = rows.group_by("id", "group", "truth", maintain_order=True)
    told = grouped.agg(pl.len().alias("draws"), only_a.sum().alias("only_a"), only_b.sum().alias("only_b"), "a", "b")
    net = pl.col("only_a").cast(pl.Int64) - pl.col("only_b").cast(pl.Int64)
    told = told.sort("id").with_columns(net=net, turn=pl.int_range(pl.len()).over(net, "truth"))  # turn: so that no class fills the list
    ahead = [told.filter(pl.col("net") > 0).sort(-pl.col("net"), "turn", "id"), told.filter(pl.col("net") < 0).sort("net", "turn", "id")]
    shown = [[_flip(row) for row in side.head(most).iter_rows(named=True)] for side in ahead]
    return shown[0], shown[1], (len(ahead[0]), len(ahead[1]))


def _flip(row: dict[str, object]) -> Flip:
    """A row of `told`, its lists of answers counted."""

    def often(answers: object) -> tuple[tuple[str, int], ...]:
        names, counts = np.unique(np.array(answers, dtype=np.str_), return_counts=True)
        return tuple((str(names[i]), int(counts[i])) for i in np.argsort(-counts, kind="stable"))

    draws, only_a, only_b = (int(str(row[name])) for name in ("draws", "only_a", "only_b"))
    return Flip(str(row["id"]), str(row["group"]), str(row["truth"]), draws, only_a, only_b, often(row["a"]), often(row["b"]))
