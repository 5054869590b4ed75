"""Which classes are mistaken for which, counted over all repetitions of one context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.result import Result

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """`count` of the `total` queries of class `truth` were answered `answer`."""

    truth: str
    answer: str
    count: int
    total: int


@dataclass(frozen=True)
class Recall:
    """How many queries of one class were answered rightly."""

    name: str
    right: int
    total: int

    @property
    def share(self) -> float:
        """0..1."""
        return self.right / self.total


@dataclass(frozen=True)
class Confusion:
    """One head's confusion matrix: counts `[c, c]`, row = true class, column = answer, in the order of `classes`."""

    head: str
    classes: tuple[str, ...]
    counts: Counts

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """`counts` as shares of their row; a class without queries has a row of zeros."""
        return self.counts / np.maximum(self.counts.sum(1, keepdims=True), 1)

    def pairs(self, most: int = 8) -> list[Pair]:
        """The confusions with the largest share of their true class, the worst first."""
        wrong = self.shares * (1 - np.eye(len(self.classes)))
        total = self.counts.sum(1)
        worst = [divmod(int(place), len(self.classes)) for place in np.argsort(-wrong, axis=None, kind="stable")[:most]]
        return [Pair(self.classes[i], self.classes[j], int(self.counts[i, j]), int(total[i])) for i, j in worst if wrong[i, j] > 0]

    def recalls(self) -> dict[str, Recall]:
        """Of every class with queries, by name, the worst first."""
        rights, total = self.counts.diagonal(), self.counts.sum(1)
        found = [Recall(name, int(right), int(of)) for name, right, of in zip(self.classes, rights, total, strict=True) if of]
        return {recall.name: recall for recall in sorted(found, key=lambda recall: recall.share)}


def confusions(result: Result) -> list[Confusion]:
    """Of each head in the last context; none where answers are not classes."""
    if not result.classes:
        return []
    last = result.units.filter(*(pl.col(name) == value for name, value in result.head.rows[-1].context.items()))
    counts = last.group_by("head", "truth", "answer").len().cast({"truth": pl.String, "answer": pl.String}).collect()
    return [Confusion(head, tuple(result.classes), matrix(counts.filter(head=head), result.classes)) for head in result.heads]


def matrix(counts: pl.DataFrame, classes: Sequence[str] | dict[str, str]) -> Counts:
    """`[c, c]` from rows of truth, answer and len."""
    place = {name: i for i, name in enumerate(classes)}
    made = np.zeros((len(place), len(place)), dtype=np.int64)
    for truth, answer, number in counts.select("truth", "answer", "len").iter_rows():
        made[place[truth], place[answer]] = number
    return made
