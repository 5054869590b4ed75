"""Area under the ROC curve."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from scratchlab.checks import Problem, as_array
from scratchlab.metrics.estimate import Estimate, undefined

Values = npt.NDArray[np.float64]
Scores = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]
Z = float(stats.norm.ppf(0.975))


def areas(scores: Scores, positive: Flags) -> Values:
    """Area under the ROC curve of each row, `[...]`: the probability that a random positive scores higher than a random negative, with ties
    counted one half.

    scores, positive: `[..., n]`, with at least one positive and one negative in each row. Computed from mid-ranks:
    A = (R - m(m+1)/2) / (m(n-m)), R the sum of the m positives' ranks; Mann & Whitney (1947), Annals of Mathematical Statistics 18:50.
    """
    m = positive.sum(axis=-1)
    total = (_ranks(scores) * positive).sum(axis=-1)
    return (total - m * (m + 1) / 2) / (m * (positive.shape[-1] - m))


def auroc(scores: npt.ArrayLike, positive: npt.ArrayLike) -> Estimate:
    """Area under the ROC curve (see `areas`) of scores `[n]` of positives and negatives `[n]`, with a 95 % interval for independent ones.

    Variance of DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837, on the logit scale, which keeps the interval within (0, 1): Qin &
    Hotilovac (2008), Statistical Methods in Medical Research 17:207. Undefined without positives, without negatives, and if a score is
    NaN. Raises Problem unless `positive` holds True or False, or 1 or 0, for each score.

    >>> auroc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]).value
    0.75
    """
    x, flags = as_array(scores, "n", "scores").astype(np.float64), as_array(positive, "n", "positive")
    if x.shape != flags.shape or not np.isin(flags, (0, 1)).all():
        raise Problem(f"Each of {len(x)} scores must be of a positive, True, or of a negative, False; here {flags.dtype} of {len(flags)}.")
    positive = flags.astype(np.bool_)
    m, n = int(positive.sum()), int((~positive).sum())
    if m == 0 or n == 0:
        return undefined(f"there is no {'positive' if m == 0 else 'negative'} sample")
    if missing := int(np.isnan(x).sum()):
        return undefined(f"the score of {missing} of {len(x)} samples is not a number")
    area = float(areas(x, positive))
    if min(m, n) == 1:
        return Estimate(area, n=m + n, how="an interval is undefined, because one of the two kinds has a single sample")
    ranks = _ranks(x)
    below = (ranks[positive] - _ranks(x[positive])) / n  # for each positive, the fraction of negatives below it
    above = 1 - (ranks[~positive] - _ranks(x[~positive])) / m  # for each negative, the fraction of positives above it
    error = math.sqrt(float(below.var(ddof=1)) / m + float(above.var(ddof=1)) / n)
    if not 0 < area < 1 or error == 0:
        return Estimate(area, n=m + n, how="an interval is undefined, because DeLong's variance is 0 here")
    centre, half = special.logit(area), Z * error / (area * (1 - area))
    low, high = (float(special.expit(edge)) for edge in (centre - half, centre + half))
    return Estimate(area, low, high, m + n, f"over {m} positive and {n} negative samples, DeLong's interval on the logit scale")


def _ranks(x: Scores) -> Values:
    """Mid-ranks along the last axis: 1 for the smallest; ties have the mean of their ranks."""
    return cast(Values, stats.rankdata(x, axis=-1))
