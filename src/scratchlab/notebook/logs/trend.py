"""Whether a training still gets better, judged by its own scatter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance
from typing import Literal

_FEWEST = 8  # values, below which nothing is said


@dataclass(frozen=True)
class Trend:
    """What the last values say.

    way: `better`, `worse`, `level`; `undefined` of too few values.
    why: the numbers it rests on, as a person would read them.
    """

    way: Literal["better", "worse", "level", "undefined"]
    why: str


def trend(values: Sequence[float], better: Literal["larger", "smaller"]) -> Trend:
    """Compares the last fifth of the values (three at least) with as many before them.

    It is a change if the means differ by more than twice the standard error of their difference (Welch, 1947), in which slow growth within
    the two stretches counts as scatter: it errs on the side of `level`.
    """
    if len(values) < _FEWEST:
        return Trend("undefined", f"undefined, because {len(values)} values are too few: it takes {_FEWEST}")
    stretch = max(3, len(values) // 5)
    late, early = values[-stretch:], values[-2 * stretch : -stretch]
    gain = (fmean(late) - fmean(early)) * (1 if better == "larger" else -1)
    error = ((variance(late) + variance(early)) / stretch) ** 0.5
    why = f"mean of the last {stretch}: {fmean(late):.4g}, of the {stretch} before: {fmean(early):.4g}"
    if abs(gain) <= 2 * error or gain == 0:
        return Trend("level", why)
    return Trend("better" if gain > 0 else "worse", why)
