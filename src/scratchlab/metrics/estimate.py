"""A number with its confidence interval, or the reason why it is undefined."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array, same_length

Values = npt.NDArray[np.float64]

FEW = 10  # with fewer groups, an interval of the bootstrap is too narrow


@dataclass(frozen=True)
class Estimate:
    """A value, its 95 % interval over n units, and how both were computed.

    `value`, `low`, `high` are None if they are undefined; `how` then says why. As text it is in percent.

    >>> estimate = Estimate(0.81, 0.78, 0.84, n=20)
    >>> print(estimate, estimate.contains(0.8))
    81.0% [78.0%, 84.0%] True
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 1
    how: str = ""

    def contains(self, value: float) -> bool:
        """Whether `value` lies in the interval; False if there is no interval."""
        return self.low is not None and self.high is not None and self.low <= value <= self.high

    def __str__(self) -> str:
        if self.value is None:
            return self.how
        if self.low is None or self.high is None:
            return f"{self.value:.1%}"
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}]"


def undefined(reason: str) -> Estimate:
    """An estimate without a value, whose `how` is `undefined, because reason`."""
    return Estimate(None, n=0, how=f"undefined, because {reason}")


def over_draws(values: npt.ArrayLike, what: str = "draw", within: tuple[float, float] = (0.0, 1.0), *, level: float = 0.95) -> Estimate:
    """Mean of independent repetitions `[n]` with Student's t interval, mean ± t((1 + level)/2, n-1)·s/√n, clipped to `within`.

    level: coverage of the interval; more than 0.95 for simultaneous intervals. Source: Student (1908), Biometrika 6:1. The interval covers
    variation over these repetitions only: repeated draws of shots say nothing about other speakers or seeds. Raises Problem for numbers
    that are not finite.

    >>> print(over_draws([0.81, 0.84, 0.79]))
    81.3% [75.1%, 87.6%]
    """
    x = as_array(values, "n", f"{what}s").astype(np.float64)
    n = len(x)
    if n == 0:
        return undefined(f"there is no {what}")
    if not np.isfinite(x).all():
        raise Problem(f"The value of {what} {int(np.flatnonzero(~np.isfinite(x))[0])} is not finite.")
    mean = float(x.mean())
    if n == 1:
        return Estimate(mean, n=1, how=f"one {what}; an interval is undefined, because one {what} has no spread")
    from scipy import stats  # imported here because it takes half a second, which reading results does not need

    half = float(stats.t.ppf((1 + level) / 2, n - 1) * x.std(ddof=1) / math.sqrt(n))
    return Estimate(mean, max(within[0], mean - half), min(within[1], mean + half), n, f"mean over {n} {what}s, Student's t interval")


def proportion(count: int, n: int, units: str) -> Estimate:
    """A fraction of n independent units, with the exact 95 % interval. Source: Clopper & Pearson (1934), Biometrika 26:404.

    units: their name in the plural, for `how`. Undefined for none.

    >>> print(proportion(2, 50, "words"))
    4.0% [0.5%, 13.7%]
    """
    if n == 0:
        return undefined(f"there are no {units}")
    from scipy import stats  # imported here for the same reason

    low = 0.0 if count == 0 else float(stats.beta.ppf(0.025, count, n - count + 1))
    high = 1.0 if count == n else float(stats.beta.ppf(0.975, count + 1, n - count))
    return Estimate(count / n, low, high, n, f"exact binomial over {n} {units}")


def over_groups(
    values: npt.ArrayLike,
    groups: npt.ArrayLike,
    classes: npt.ArrayLike | None = None,
    *,
    unit: str = "queries",
    block: str = "groups of the queries",
    times: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Mean of values `[n]` (correct or not, an AP), or, given the true classes `[n]`, the mean of the classes' means (balanced accuracy),
    with the percentile interval of a bootstrap that resamples whole groups `[n]`.

    unit, block: names of a value's and of a group's unit, in the plural, for `how`.

    Predictions for one speaker are not independent, so speakers are resampled. Source: the cluster bootstrap, Field & Welsh (2007),
    "Bootstrapping clustered data", JRSS B 69:369; percentile interval of Efron & Tibshirani (1993), ch. 13. With few groups (fewer than
    about `FEW`) the interval is too narrow. Where all values are 0, or all 1, every resample is equal; the interval is then that of Clopper
    and Pearson (1934), for groups that are right or wrong as a whole. A class that does not occur in a resample is ignored there. Raises
    Problem for other lengths.

    >>> estimate = over_groups([True, True, False, True], ["ann", "ann", "bob", "bob"])
    >>> print(estimate, estimate.how)
    75.0% [50.0%, 100.0%] bootstrap over 2 groups of the queries; too narrow with so few groups
    """
    x, of = as_array(values, "n", "values"), as_array(groups, "n", "groups")
    if len(x) == 0:
        return undefined("there is no answer")
    names, group = np.unique(of, return_inverse=True)
    labels, label = np.unique(np.zeros_like(group) if classes is None else as_array(classes, "n", "classes"), return_inverse=True)
    same_length(values=x, groups=group, classes=label)
    if not np.isfinite(x).all():
        raise Problem(f"The value of row {int(np.flatnonzero(~np.isfinite(x))[0])} is not finite.")
    cell = group * len(labels) + label
    size = len(names) * len(labels)
    sums: Values = np.bincount(cell, weights=x, minlength=size).reshape(len(names), -1).astype(np.float64)
    counts: Values = np.bincount(cell, minlength=size).reshape(len(names), -1).astype(np.float64)
    means: Values = sums.sum(axis=0) / counts.sum(axis=0)
    value = float(means.mean())
    what = block if len(names) < len(x) else unit
    if len(names) == 1:
        return Estimate(value, n=1, how="one group; an interval is undefined, because one group has no spread")
    if value in (0.0, 1.0) and (x == value).all():
        bound = 0.025 ** (1 / len(names))
        how = f"exact binomial over {len(names)} {what}, because all are {value:g}"
        return Estimate(value, *((bound, 1.0) if value else (0.0, 1 - bound)), len(names), how)
    low, high = np.quantile(np.nanmean(resampled(sums, counts, times, seed), axis=1), [0.025, 0.975])
    return Estimate(value, float(low), float(high), len(names), bootstrap_note(len(names), what))


def resampled(total: Values, count: Values, times: int, seed: int) -> Values:
    """Means `[times, k]` of a cluster bootstrap, which resamples whole groups; NaN where a resample has no value.

    total, count: `[groups, k]`, the sum and the number of each group's values.
    """
    groups = len(total)
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=times).astype(np.float64)
    counts = drawn @ count
    return np.divide(drawn @ total, counts, out=np.full(counts.shape, np.nan), where=counts > 0)


def bootstrap_note(groups: int, what: str) -> str:
    """Describes an interval by `resampled`, for `Estimate.how`."""
    few = "; too narrow with so few groups" if groups < FEW else ""
    return f"bootstrap over {groups} {what}{few}"
