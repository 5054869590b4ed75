"""Two that answered the same queries: is the second better than the first, and how sure is that?

A difference is always the second's less the first's, so that a positive one speaks for the second. Three sources of chance are kept
apart, for none of them tells of another: which groups were asked (bootstrap), which shots were drawn (t interval), and, for those asked,
whether as many losses as wins would be a surprise (exact test).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from scratchlab.metrics.estimate import Estimate, bootstrap_note, over_draws, resampled, undefined

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SignTest:
    """Units (queries, speakers) that one of two answered better, and the chance `p` of so uneven a count if they were equally good.

    p is None where it is undefined; `how` then says why.
    """

    first: int
    second: int
    units: int
    p: float | None
    how: str


def mcnemar(gains: Values, what: str = "query") -> SignTest:
    """Whether more units were won than lost; `gains` `[units]`: right answers of the second less those of the first, for each unit.

    Exact and two-sided: of the units that tell the two apart, how many went to the second is binomial with probability 1/2 if they are
    equally good. Units must be independent: a query asked again with other shots is no new unit, nor are two queries of one speaker, so
    gains are added up within a unit first. With one query a unit this is the test of McNemar (1947), Psychometrika 12:153, in its exact
    form; with several, the sign test of Dixon & Mood (1946), JASA 41:557. p = min(1, 2 · P(X ≤ min(first, second))).

    >>> mcnemar(np.array([1.0, 1, 1, 1, 1, -1, 0, 0])).p
    0.21875
    """
    first, second, units = int((gains < 0).sum()), int((gains > 0).sum()), len(gains)
    if units == 1:
        return SignTest(first, second, units, None, undefined(f"one {what} alone cannot tell chance from skill").how)
    if first + second == 0:
        reason = f"no {what} tells the two apart" if units else f"there is no {what}"
        return SignTest(first, second, units, None, undefined(reason).how)
    p = min(1.0, 2 * float(stats.binom.cdf(min(first, second), first + second, 0.5)))
    return SignTest(first, second, units, p, f"exact binomial test over {first + second} of {units}")


def differences_over_draws(first: Values, second: Values, *, paired: bool, what: str = "draw") -> Estimate:
    """Mean difference of accuracies, `[draws]` each, with a t interval; what: another name of a draw, such as "episode".

    Paired (both learned from the same shots in each draw): Student's interval of the differences, in which what makes a draw hard for
    both cancels. Not paired (other shots, so that draw 3 of one has nothing to do with draw 3 of the other): Welch (1947), Biometrika
    34:28, se² = s₁²/n₁ + s₂²/n₂ with his degrees of freedom.
    """
    if paired:
        found = over_draws((second - first).tolist(), what, within=(-1.0, 1.0))
        return replace(found, how=found.how.replace("Student's t interval", "Student's t interval of the paired differences"))
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
    how = f"mean over {n[1]} {what}s less mean over {n[0]} others, Welch's t interval"
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
    """Mean gain of each set of answers, with the percentile interval of a bootstrap that resamples whole groups.

    gains: `[n]`, 1 where the second alone was right, -1 where the first alone was, else 0. groups: `[n]`. members: `[n, sets]`, which
    answers each set counts; all sets see the same resamples. what: how the groups are called. Both answered the same queries, so a
    resample takes a group's gains together: what makes a speaker hard for both cancels. Source and caveat as for `over_groups` in
    metrics/estimate.py (Field & Welsh 2007).
    """
    if len(gains) == 0:
        return [undefined("there is no answer")] * members.shape[1]
    names, group = np.unique(groups, return_inverse=True)
    size = len(names)
    weights: Values = members.astype(np.float64)
    asked: Values = np.stack([np.bincount(group, weights=column, minlength=size) for column in weights.T], axis=1).astype(np.float64)
    gained: Values = np.stack([np.bincount(group, weights=column * gains, minlength=size) for column in weights.T], axis=1).astype(
        np.float64
    )
    means = resampled(gained, asked, times, seed)
    return [_estimate(gained[:, i], asked[:, i], means[:, i], what) for i in range(members.shape[1])]


def _estimate(gained: Values, asked: Values, means: Values, what: str) -> Estimate:
    """Of one set: by group what was gained `[groups]` and asked `[groups]`, and the means of the resamples `[times]`."""
    count = int((asked > 0).sum())
    if count == 0:
        return undefined("there is no answer")
    value = float(gained.sum() / asked.sum())
    if count == 1:
        return Estimate(value, n=1, how="one group; an interval is undefined, because one group has no spread")
    low, high = np.nanquantile(means, [0.025, 0.975])
    return Estimate(value, float(low), float(high), count, bootstrap_note(count, what))
