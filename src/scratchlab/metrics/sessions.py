"""Metrics of class-incremental sessions: accuracy over base and new classes, their harmonic mean, and the drop over sessions.

All accuracies are **joint**: predictions are over all classes seen so far, base and new. (The literature also reports "novel accuracy" with
predictions among the new classes only, which is much higher and not comparable.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array
from scratchlab.metrics.classification import accuracy, balanced_accuracy

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SessionMetrics:
    """Metrics of one session of one draw; None if there are no base, or no new classes."""

    accuracy: float
    balanced: float
    base: float | None
    new: float | None
    harmonic: float | None


def harmonic_mean(a: float, b: float) -> float:
    """2ab/(a+b) of base and new accuracy, two numbers; 0 when both are 0. Source: Xian et al. (2017), arXiv 1703.04394, eq. 4.

    >>> round(harmonic_mean(0.9, 0.6), 2)
    0.72
    """
    return 2 * a * b / (a + b) if a + b > 0 else 0.0


def session_metrics(predicted: Rows, truth: Rows, base_classes: Rows) -> SessionMetrics:
    """Metrics of one session from predicted and true labels, `[n]` each, and the base session's class indices."""
    of_base = np.isin(truth, base_classes)
    base = accuracy(predicted[of_base], truth[of_base]) if of_base.any() else None
    new = accuracy(predicted[~of_base], truth[~of_base]) if (~of_base).any() else None
    harmonic = None if base is None or new is None else harmonic_mean(base, new)
    return SessionMetrics(accuracy(predicted, truth), balanced_accuracy(predicted, truth), base, new, harmonic)


def average_accuracy(accuracies: npt.ArrayLike) -> float:
    """Mean of accuracies `[sessions]` over the sessions 0..S of one draw. Source: Tao et al. (2020), arXiv 2004.10956, "average accuracy".

    Raises Problem for anything but one number or more.

    >>> average_accuracy([1.0, 0.75, 0.5])
    0.75
    """
    return float(np.mean(_by_session(accuracies)))


def performance_drop(accuracies: npt.ArrayLike) -> float:
    """Session-0 minus final accuracy, of accuracies `[sessions]`. Source: Zhang et al. (2021), arXiv 2104.03047, "PD".

    Raises Problem for anything but one number or more.

    >>> round(performance_drop([0.9, 0.8, 0.7]), 2)
    0.2
    """
    values = _by_session(accuracies)
    return float(values[0] - values[-1])


def _by_session(accuracies: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = as_array(accuracies, "sessions", "accuracies").astype(np.float64)
    if not len(values):
        raise Problem("There is no accuracy of any session; give those of the sessions 0, 1, … of one draw.")
    return values
