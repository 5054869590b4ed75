"""Paired comparison of two methods on the same queries: differences with confidence intervals, and significance tests.

Differences are second minus first; positive means that the second is better. Three sources of variation are treated separately: groups of
queries (bootstrap), draws of shots (t interval), and, for fixed groups and draws, wins and losses (exact test).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from scratchlab.checks import Problem, as_array
from scratchlab.metrics.estimate import Estimate, bootstrap_note, over_draws, resampled, undefined

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SignTest:
    """Numbers of units (queries, speakers) on which the first, or the second, is better; p: p-value under the hypothesis of equality.

    p is None if it is undefined; `how` then says why.
    """

    first: int
    second: int
    units: int
    p: float | None
    how: str


def mcnemar(gains: npt.ArrayLike, what: str = "query") -> SignTest:
    """Exact two-sided sign test; `gains` `[units]`: correct predictions of the second minus those of the first, for each unit.

    If both are equally good, the number of units on which the second is better is binomial with probability 1/2, given the number of units
    on which they differ. Units must be independent: a query repeated with other shots is not a new unit, nor are two queries of one
    speaker, so gains must be summed within a unit. With one query per unit this is the exact test of McNemar (1947), Psychometrika 12:153;
    with several, the sign test of Dixon & Mood (1946), JASA 41:557. p = min(1, 2 · P(X ≤ min(first, second))).

    Raises Problem for numbers that are not finite.

    >>> mcnemar([1, 1, 1, 1, 1, -1, 0, 0]).p
    0.21875
    """
    x = as_array(gains, "units", "gains").astype(np.float64)
    if not np.isfinite(x).all():
        raise Problem(f"The gain of {what} {int(np.flatnonzero(~np.isfinite(x))[0])} is not finite.")
    first, second, units = int((x < 0).sum()), int((x > 0).sum()), len(x)
    if units == 1:
        return SignTest(first, second, units, None, undefined(f"one {what} is too few for a test").how)
    if first + second == 0:
        reason = f"the two do not differ on any {what}" if units else f"there is no {what}"
        return SignTest(first, second, units, None, undefined(reason).how)
    p = min(1.0, 2 * float(stats.binom.cdf(min(first, second), first + second, 0.5)))
    return SignTest(first, second, units, p, f"exact binomial test over {first + second} of {units}")


def differences_over_draws(first: Values, second: Values, *, paired: bool, what: str = "draw") -> Estimate:
    """Mean difference of accuracies, `[draws]` each, with a t interval; what: name of a draw, such as "episode".

    Paired (both learned from the same shots in each draw): Student's interval of the differences, in which variation in the difficulty of
    draws cancels. Not paired (different shots): Welch (1947), Biometrika 34:28, se² = s₁²/n₁ + s₂²/n₂ with Welch's degrees of freedom.
    """
    if paired:
        estimate = over_draws((second - first).tolist(), what, within=(-1.0, 1.0))
        return replace(estimate, how=estimate.how.replace("Student's t interval", "Student's t interval of the paired differences"))
    n = (len(first), len(second))
    if min(n) == 0:
        return undefined(f"there is no {what}")
    value = float(second.mean() - first.mean())
    if min(n) == 1:
        return Estimate(value, n=1, how=f"one {what}; an interval is undefined, because one {what} has no spread")
    parts = [float(x.var(ddof=1)) / len(x) for x in (first, second)]
    variance = sum(parts)
    freedom = variance**2 / sum(part**2 / (size - 1) for part, size in zip(parts, n, strict=True)) if variance else 1.0
    half = float(stats.t.ppf(0.975, freedom)) * math.sqrt(variance)
    how = f"mean over {n[1]} {what}s minus mean over {n[0]} others, Welch's t interval"
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half), min(n), how)


def differences_over_groups(
    gains: Values,
    groups: npt.NDArray[np.str_],
    members: npt.NDArray[np.bool_],
    *,
    what: str = "groups of the queries",
    times: int = 2000,
    seed: int = 0,
) -> list[Estimate]:
    """Mean gain over each set of predictions, with the percentile interval of a bootstrap that resamples whole groups.

    gains: `[n]`, 1 if only the second is correct, -1 if only the first is, else 0. groups: `[n]`. members: `[n, sets]`, masks of the sets,
    which share the resamples. what: name of the groups, in the plural. Since both are evaluated on the same queries, variation in the
    difficulty of groups cancels. Source and caveat as for `over_groups` in metrics/estimate.py (Field & Welsh 2007).
    """
    if len(gains) == 0:
        return [undefined("there is no answer")] * members.shape[1]
    names, group = np.unique(groups, return_inverse=True)
    size = len(names)
    weights: Values = members.astype(np.float64)
    counts: Values = np.stack([np.bincount(group, weights=column, minlength=size) for column in weights.T], axis=1).astype(np.float64)
    gained: Values = np.stack([np.bincount(group, weights=column * gains, minlength=size) for column in weights.T], axis=1).astype(
        np.float64
    )
    means = resampled(gained, counts, times, seed)
    return [_estimate(gained[:, i], counts[:, i], means[:, i], what) for i in range(members.shape[1])]


def _estimate(gained: Values, counts: Values, means: Values, what: str) -> Estimate:
    """The estimate for one set, from the sum of gains `[groups]`, the number of predictions `[groups]` and resampled means `[times]`."""
    count = int((counts > 0).sum())
    if count == 0:
        return undefined("there is no answer")
    value = float(gained.sum() / counts.sum())
    if count == 1:
        return Estimate(value, n=1, how="one group; an interval is undefined, because one group has no spread")
    low, high = np.nanquantile(means, [0.025, 0.975])
    return Estimate(value, float(low), float(high), count, bootstrap_note(count, what))
