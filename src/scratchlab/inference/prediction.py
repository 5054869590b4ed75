"""The answer for one new input: its class, how sure it is, and what came second; and the interface of everything that answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from scratchlab.types import Floats

UNKNOWN = "unknown"  # the answer where no class scores as high as the threshold

Source = str | Path | npt.NDArray[Any]  # a file, or the values of one input


@dataclass(frozen=True)
class Prediction:
    """The answer for one input: of the scores `[k]` of k classes, the best and the second.

    source: its file, or `input 1`, `input 2`, … for arrays. label: the class, or "unknown" where the best score is below the threshold.
    score: of the class `best`, larger is more similar; runner_up: the class with the second highest score, None where there is one class.

    >>> print(Prediction.of("a.wav", ["yes", "no"], [-0.1, -0.4], threshold=-0.3))
    a.wav: yes (score -0.100; no -0.400)
    >>> Prediction.of("b.wav", ["yes", "no"], [-0.35, -0.4], threshold=-0.3).label
    'unknown'
    """

    source: str
    label: str
    score: float
    best: str
    runner_up: str | None
    runner_up_score: float | None

    @classmethod
    def of(cls, source: str, classes: Sequence[str], scores: Sequence[float] | Floats, threshold: float | None = None) -> Prediction:
        """From the scores `[k]` of k classes. threshold: the lowest score that is answered; None: all are."""
        order = sorted(range(len(classes)), key=lambda k: -float(scores[k]))
        best, score = classes[order[0]], float(scores[order[0]])
        label = best if threshold is None or score >= threshold else UNKNOWN
        second = order[1] if len(order) > 1 else None
        return cls(
            source, label, score, best, None if second is None else classes[second], None if second is None else float(scores[second])
        )

    def __str__(self) -> str:
        best = "" if self.label == self.best else f"nearest {self.best}, "
        second = "" if self.runner_up is None else f"; {self.runner_up} {self.runner_up_score:.3f}"
        return f"{self.source}: {self.label} ({best}score {self.score:.3f}{second})"


class Predictor(Protocol):
    """Answers for new inputs: enrolled words, or a finished run."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that it can answer."""
        ...

    def predict(self, inputs: Source | Iterable[Source]) -> list[Prediction]:
        """The answer for each input: a file, or an array of one input's values."""
        ...
