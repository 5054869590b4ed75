"""A number with its interval, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value, its 95 % interval and how both came to be.

    `value`, `low`, `high` are None where they are undefined; `how` then says why.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 1
    how: str = ""

    def contains(self, value: float) -> bool:
        """Returns whether a value lies in the interval; False where there is no interval."""
        return self.low is not None and self.high is not None and self.low <= value <= self.high

    def __str__(self) -> str:
        if self.value is None:
            return self.how
        if self.low is None or self.high is None:
            return f"{self.value:.1%}"
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}]"


def undefined(reason: str) -> Estimate:
    """No number: `undefined, because reason`."""
    return Estimate(None, n=0, how=f"undefined, because {reason}")


def over_draws(values: Sequence[float], what: str = "draw", within: tuple[float, float] = (0.0, 1.0), *, level: float = 0.95) -> Estimate:
    """Mean of independent repetitions `[n]` with Student's t interval, mean ± t(0.975, n-1)·s/√n, cut at the bounds of the measure.

    level: how often such an interval holds the mean; of several that are judged together, more than 0.95 each.

    Source: Student (1908), Biometrika 6:1. It tells how well the mean is known, over this repetition alone:
    a repetition of shots says nothing of other speakers or seeds.
    """
    n = len(values)
    if n == 0:
        return undefined(f"there is no {what}")
    x = np.asarray(values, dtype=np.float64)
    mean = float(x.mean())
    if n == 1:
        return Estimate(mean, n=1, how=f"one {what}; an interval is undefined, because one {what} has no spread")
    from scipy import stats  # half a second that whoever only reads results need not wait

    half = float(stats.t.ppf((1 + level) / 2, n - 1) * x.std(ddof=1) / math.sqrt(n))
    return Estimate(mean, max(within[0], mean - half), min(within[1], mean + half), n, f"mean over {n} {what}s, Student's t interval")


def over_groups(
    values: npt.NDArray[np.bool_] | Values,
    groups: npt.NDArray[np.str_],
    classes: npt.NDArray[np.int64] | None = None,
    *,
    unit: str = "queries",
    block: str = "groups of the queries",
    times: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Mean of the values `[n]` (right or wrong, an AP), or, with the true classes `[n]`, the mean of the classes' means (balanced
    accuracy), and the percentile interval of a bootstrap that resamples whole groups.

    unit, block: what a value belongs to and what a group is called, in the plural, for `how`.

    Answers about one speaker resemble each other, so the speaker is what is drawn again. Source: Field & Welsh (2007),
    "Bootstrapping clustered data", JRSS B 69:369, the cluster bootstrap; percentile interval of Efron & Tibshirani (1993), ch. 13.
    With few groups (say, fewer than 10) the interval is on the narrow side. A class that a resample lacks does not count in it.
    """
    if len(values) == 0:
        return undefined("there is no answer")
    names, group = np.unique(groups, return_inverse=True)
    kinds, kind = np.unique(np.zeros_like(group) if classes is None else classes, return_inverse=True)
    cell = group * len(kinds) + kind
    size = len(names) * len(kinds)
    sums: Values = np.bincount(cell, weights=values, minlength=size).reshape(len(names), -1).astype(np.float64)
    asked: Values = np.bincount(cell, minlength=size).reshape(len(names), -1).astype(np.float64)
    means: Values = sums.sum(axis=0) / asked.sum(axis=0)
    value = float(means.mean())
    what = block if len(names) < len(values) else unit
    if len(names) == 1:
        return Estimate(value, n=1, how="one group; an interval is undefined, because one group has no spread")
    low, high = np.quantile(np.nanmean(resampled(sums, asked, times, seed), axis=1), [0.025, 0.975])
    return Estimate(value, float(low), float(high), len(names), bootstrap_note(len(names), what))


def resampled(total: Values, count: Values, times: int, seed: int) -> Values:
    """Means `[times, k]` of a cluster bootstrap that draws whole groups. total, count: `[groups, k]`, the sum of a group's values and the
    number of them. NaN where a resample holds none."""
    groups = len(total)
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=times).astype(np.float64)
    of = drawn @ count
    return np.divide(drawn @ total, of, out=np.full(of.shape, np.nan), where=of > 0)


def bootstrap_note(groups: int, what: str) -> str:
    """How an interval by `resampled` came to be, for readers."""
    few = "; with so few groups it is on the narrow side" if groups < 10 else ""
    return f"bootstrap over {groups} {what}{few}"
