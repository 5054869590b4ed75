"""Class-incremental sessions: what is kept of the base, what is learned anew, what is lost on the way.

All accuracies here are **joint**: the answer is chosen among every class seen so far, base and new together. (The literature also
prints "novel accuracy" chosen among the new classes alone; it is much higher and not comparable.) One head is followed throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scratchlab.metrics.classification import accuracy, balanced_accuracy

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SessionMetrics:
    """One session of one draw. None: there is no such class yet."""

    accuracy: float
    balanced: float
    base: float | None
    new: float | None
    harmonic: float | None


def harmonic_mean(a: float, b: float) -> float:
    """2ab/(a+b) of base and new accuracy, 0 when both are 0. Source: Xian et al. (2017), arXiv 1703.04394, eq. 4.

    >>> round(harmonic_mean(0.9, 0.6), 2)
    0.72
    """
    return 2 * a * b / (a + b) if a + b > 0 else 0.0


def session_metrics(predicted: Rows, truth: Rows, base_classes: Rows) -> SessionMetrics:
    """The accuracies of one session from answers and truth, `[n]` each, and the base session's class indices."""
    of_base = np.isin(truth, base_classes)
    base = accuracy(predicted[of_base], truth[of_base]) if of_base.any() else None
    new = accuracy(predicted[~of_base], truth[~of_base]) if (~of_base).any() else None
    harmonic = None if base is None or new is None else harmonic_mean(base, new)
    return SessionMetrics(accuracy(predicted, truth), balanced_accuracy(predicted, truth), base, new, harmonic)


def average_accuracy(accuracies: Sequence[float]) -> float:
    """Mean over the sessions 0..S of one draw. Source: Tao et al. (2020), arXiv 2004.10956, "average accuracy"."""
    return float(np.mean(accuracies))


def performance_drop(accuracies: Sequence[float]) -> float:
    """Accuracy of session 0 less that of the last one: what adding classes cost. Source: Zhang et al. (2021), arXiv 2104.03047, "PD"."""
    return float(accuracies[0] - accuracies[-1])
