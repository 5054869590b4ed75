"""Whether a training still improves, relative to the scatter of its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance
from typing import Literal

_FEWEST = 8  # minimum number of values


@dataclass(frozen=True)
class Trend:
    """The trend of the last values.

    way: `better`, `worse` or `level`; `undefined` with too few values.
    why: the numbers behind it, in words.
    """

    way: Literal["better", "worse", "level", "undefined"]
    why: str


def trend(values: Sequence[float], better: Literal["larger", "smaller"]) -> Trend:
    """Compares the mean of the last fifth of the values (at least three) with that of as many before them.

    A change is reported if the means differ by more than twice the standard error of their difference (Welch, 1947). A slow trend within
    the two segments counts as scatter, so the test errs towards `level`.
    """
    if len(values) < _FEWEST:
        return Trend("undefined", f"undefined, because there are only {len(values)} values; at least {_FEWEST} are needed")
    n = max(3, len(values) // 5)
    late, early = values[-n:], values[-2 * n : -n]
    gain = (fmean(late) - fmean(early)) * (1 if better == "larger" else -1)
    error = ((variance(late) + variance(early)) / n) ** 0.5
    why = f"mean of the last {n}: {fmean(late):.4g}, of the {n} before: {fmean(early):.4g}"
    if abs(gain) <= 2 * error or gain == 0:
        return Trend("level", why)
    return Trend("better" if gain > 0 else "worse", why)
