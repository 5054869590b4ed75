"""Confusion matrices, summed over all repetitions of one context."""

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
    """`count` of the `total` queries of class `truth` were classified as `answer`."""

    truth: str
    answer: str
    count: int
    total: int


@dataclass(frozen=True)
class Recall:
    """The number of queries of one class, and of those classified correctly."""

    name: str
    right: int
    total: int

    @property
    def fraction(self) -> float:
        """The recall, in [0, 1]."""
        return self.right / self.total


@dataclass(frozen=True)
class Confusion:
    """One head's confusion matrix: counts `[c, c]`, row = true class, column = predicted class, in the order of `classes`."""

    head: str
    classes: tuple[str, ...]
    counts: Counts

    @property
    def fractions(self) -> npt.NDArray[np.float64]:
        """`counts` divided by the sum of their row; a class without queries has a row of zeros."""
        return self.counts / np.maximum(self.counts.sum(1, keepdims=True), 1)

    def pairs(self, most: int = 8) -> list[Pair]:
        """The confusions with the largest fraction of their true class, largest first."""
        wrong = self.fractions * (1 - np.eye(len(self.classes)))
        total = self.counts.sum(1)
        worst = [divmod(int(place), len(self.classes)) for place in np.argsort(-wrong, axis=None, kind="stable")[:most]]
        return [Pair(self.classes[i], self.classes[j], int(self.counts[i, j]), int(total[i])) for i, j in worst if wrong[i, j] > 0]

    def recalls(self) -> dict[str, Recall]:
        """The recall of every class with queries, by name, lowest first."""
        right, total = self.counts.diagonal(), self.counts.sum(1)
        recalls = [Recall(name, int(hits), int(n)) for name, hits, n in zip(self.classes, right, total, strict=True) if n]
        return {recall.name: recall for recall in sorted(recalls, key=lambda recall: recall.fraction)}


def confusions(result: Result) -> list[Confusion]:
    """The confusion matrix of each head in the last context; empty if predictions are not classes."""
    if not result.classes:
        return []
    last = result.units.filter(*(pl.col(name) == value for name, value in result.head.rows[-1].context.items()))
    counts = last.group_by("head", "truth", "answer").len().cast({"truth": pl.String, "answer": pl.String}).collect()
    return [Confusion(head, tuple(result.classes), matrix(counts.filter(head=head), result.classes)) for head in result.heads]


def matrix(counts: pl.DataFrame, classes: Sequence[str] | dict[str, str]) -> Counts:
    """Counts `[c, c]` from a table with the columns truth, answer and len."""
    place = {name: i for i, name in enumerate(classes)}
    result = np.zeros((len(place), len(place)), dtype=np.int64)
    for truth, answer, number in counts.select("truth", "answer", "len").iter_rows():
        result[place[truth], place[answer]] = number
    return result
