"""Who was taken for whom in the last session, counted over all draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl


@dataclass(frozen=True)
class Pair:
    """`count` of the `asked` queries of class `truth` were answered `answer`."""

    truth: str
    answer: str
    count: int
    asked: int


@dataclass(frozen=True)
class Recall:
    """How many queries of one class were answered rightly."""

    name: str
    right: int
    asked: int

    @property
    def share(self) -> float:
        """0..1."""
        return self.right / self.asked


@dataclass(frozen=True)
class Mistakes:
    """One head's answers: counts `[c, c]`, row = true class, column = answer, in the order the classes arrived."""

    head: str
    classes: tuple[str, ...]
    counts: npt.NDArray[np.int64]

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """`counts` as shares of their row; a class nobody asked for has a row of zeros."""
        return self.counts / np.maximum(self.counts.sum(1, keepdims=True), 1)

    def pairs(self, most: int = 8) -> list[Pair]:
        """The confusions with the largest share of their true class, worst first."""
        wrong = self.shares * (1 - np.eye(len(self.classes)))
        asked = self.counts.sum(1)
        worst = [divmod(int(place), len(self.classes)) for place in np.argsort(-wrong, axis=None, kind="stable")[:most]]
        return [Pair(self.classes[i], self.classes[j], int(self.counts[i, j]), int(asked[i])) for i, j in worst if wrong[i, j] > 0]

    def recalls(self) -> dict[str, Recall]:
        """Of every class that was asked for, by name, worst first."""
        rights, asked = self.counts.diagonal(), self.counts.sum(1)
        found = [Recall(name, int(right), int(of)) for name, right, of in zip(self.classes, rights, asked, strict=True) if of]
        return {recall.name: recall for recall in sorted(found, key=lambda recall: recall.share)}


@dataclass(frozen=True)
class Kin:
    """A new class and the base class it is most alike to: in which share of the draws, and how alike; how many of its `asked` queries each
    head answered with that base class, and which base class the first head answered most often (empty: none)."""

    name: str
    base: str
    share: float
    similarity: float
    taken: tuple[int, ...]
    asked: int
    most: str

    @property
    def follows(self) -> bool:
        """Whether the first head mistakes it most for the base class it resembles."""
        return self.most == self.base


def kin(summary: dict[str, Any], found: list[Mistakes]) -> list[Kin]:
    """Of every new class, in order of arrival; none where the run kept no resemblance. The counts are those of the last session."""
    place = {name: i for i, name in enumerate(summary["classes"])}
    first = found[0].counts[:, : summary["base_classes"]]
    made: list[Kin] = []
    for name, one in summary.get("nearest", {}).items():
        row, column = place[name], place[one["base"]]
        most = summary["classes"][int(first[row].argmax())] if first[row].any() else ""
        taken = tuple(int(head.counts[row, column]) for head in found)
        made.append(Kin(name, **one, taken=taken, asked=int(found[0].counts[row].sum()), most=most))
    return made


def mistakes(predictions: pl.LazyFrame, summary: dict[str, Any]) -> list[Mistakes]:
    """Of each head, in the summary's order. Reads three columns of one session and leaves the scores on the disk."""
    classes: list[str] = summary["classes"]
    place = {name: i for i, name in enumerate(classes)}
    last = predictions.filter(pl.col("session") == pl.col("session").max())
    counted = last.group_by("head", "truth", "predicted").len().cast({"truth": pl.String, "predicted": pl.String}).collect()
    counts = {head: np.zeros((len(classes), len(classes)), dtype=np.int64) for head in summary["heads"]}
    for head, truth, predicted, number in counted.iter_rows():
        counts[head][place[truth], place[predicted]] = number
    return [Mistakes(head, tuple(classes), table) for head, table in counts.items()]
