"""Correlations over clustered runs: seeds of one configuration are not independent, so configurations are the units."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import stats

from scratchlab.metrics.estimate import Estimate, undefined

Values = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
MIN_CONFIGURATIONS = 5  # fewer give no interval


@dataclass(frozen=True)
class Correlation:
    """Correlation of x and y over runs.

    r, rho: Pearson's and Spearman's, with 95 % intervals over configurations. naive: Pearson's r with the interval for independent runs.
    within: r within groups, after subtracting group means. seeds: r between runs of the same configuration, after subtracting the
    configurations' means. p: p-value of r = 0, over configurations; adjusted: the same, Holm-corrected. left_out: number of runs where x or
    y is not finite.
    """

    r: Estimate
    rho: Estimate
    naive: Estimate
    within: Estimate
    seeds: Estimate
    p: float | None
    adjusted: float | None
    runs: int
    configurations: int
    left_out: int


def correlation(x: Values, y: Values, configurations: Labels, groups: Labels | None = None) -> Correlation:
    """Correlate x with y `[n]`; configurations and groups `[n]` are labels of the runs."""
    good = np.isfinite(x) & np.isfinite(y)
    left_out, x, y = int((~good).sum()), x[good], y[good]
    _, cluster = np.unique(configurations[good], return_inverse=True)
    count = int(cluster.max()) + 1 if len(cluster) else 0
    ranks = [cast(Values, stats.rankdata(values)) for values in (x, y)]
    r, p = _clustered(x, y, cluster)
    return Correlation(
        r=r,
        rho=_clustered(ranks[0], ranks[1], cluster)[0],
        naive=fisher(x, y),
        within=_plain(*(_centred(values, groups[good]) for values in (x, y))) if groups is not None else undefined("no group was named"),
        seeds=_plain(*(_centred(values, cluster) for values in (x, y)))
        if count < len(x)
        else undefined("no configuration has several runs"),
        p=p,
        adjusted=None,
        runs=len(x),
        configurations=count,
        left_out=left_out,
    )


def adjusted(correlations: Sequence[Correlation]) -> list[Correlation]:
    """The correlations with Holm-corrected p-values. Source: Holm (1979), Scandinavian Journal of Statistics 6:65.

    The smallest of m p-values is multiplied by m, the next by m - 1, and so on; none becomes smaller than the one before it. Valid under
    any dependence.
    """
    ordered = sorted((r.p, place) for place, r in enumerate(correlations) if r.p is not None)
    corrected, least = dict[int, float](), 0.0
    for rank, (p, place) in enumerate(ordered):
        least = max(least, min(1.0, p * (len(ordered) - rank)))
        corrected[place] = least
    return [dataclasses.replace(r, adjusted=corrected.get(place)) for place, r in enumerate(correlations)]


def fisher(x: Values, y: Values) -> Estimate:
    """Pearson's r with the interval for independent pairs: atanh r has standard error 1 / sqrt(n - 3). Fisher (1921), Metron 1:3."""
    r = _plain(x, y)
    if r.value is None or len(x) < 4 or abs(r.value) > 1 - 1e-9:
        return r
    half = 1.959964 / math.sqrt(len(x) - 3)
    low, high = (math.tanh(math.atanh(r.value) + sign * half) for sign in (-1, 1))
    return Estimate(r.value, low, high, len(x), f"Fisher's interval over {len(x)} runs, assumed independent")


def _plain(x: Values, y: Values) -> Estimate:
    """Pearson's r without an interval."""
    if len(x) < 3:
        return undefined(f"a correlation needs three runs, and there are {len(x)}")
    for name, values in (("the first", x), ("the second", y)):
        size = float(np.abs(values).max()) or 1.0
        if np.ptp(values / size) <= 1e-12:
            return undefined(f"{name} of the two is the same in all runs")
    return Estimate(float(_ratio(_moments(x, y, np.zeros(len(x), dtype=np.int64))[0])), n=len(x))


def _centred(x: Values, labels: Labels) -> Values:
    """x minus the mean of x over the same label."""
    _, place = np.unique(labels, return_inverse=True)
    if not len(x):
        return x
    centred = x - (np.bincount(place, x) / np.bincount(place))[place]
    return np.where(np.abs(centred) <= 1e-12 * np.abs(x).max(), 0.0, centred)


def _moments(x: Values, y: Values, cluster: Labels) -> Values:
    """Counts and sums of x, y, xx, yy, xy per cluster, `[clusters, 6]`; x and y are standardised first to avoid cancellation."""
    x, y = (values / (np.abs(values).max() or 1.0) for values in (x, y))
    x, y = ((values - values.mean()) / (values.std() or 1.0) for values in (x, y))
    parts = [cast(Values, np.bincount(cluster, values)) for values in (np.ones(len(x)), x, y, x * x, y * y, x * y)]
    return np.stack(parts, axis=1)


def _ratio(moments: Values) -> Values:
    """Pearson's r from sums `[..., 6]`; NaN if x or y is constant."""
    n, x, y, xx, yy, xy = np.moveaxis(moments, -1, 0)
    across = (xx - x * x / n) * (yy - y * y / n)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(across > 1e-20 * n * n, (xy - x * y / n) / np.sqrt(across), np.nan)


def _clustered(x: Values, y: Values, cluster: Labels) -> tuple[Estimate, float | None]:
    """Pearson's r with its interval over clusters, and the p-value of r = 0.

    Both use atanh r with its delete-one jackknife standard error over clusters, and Student's t with clusters - 1 degrees of freedom: Efron
    & Tibshirani (1993), chapter 11. Percentile intervals of a bootstrap over clusters are too narrow below about twenty clusters (with five
    and eight, 86 to 90 % cover instead of 95 %), and may contradict p.
    """
    r = _plain(x, y)
    if r.value is None:
        return r, None
    moments = _moments(x, y, cluster)
    count = len(moments)
    if abs(r.value) > 1 - 1e-9:
        return Estimate(r.value, n=count, how="one of the two determines the other"), None
    if count < MIN_CONFIGURATIONS:
        why = f"an interval is undefined, because there are {count} configurations, and {MIN_CONFIGURATIONS} are needed"
        return Estimate(r.value, n=count, how=why), None
    without_one = _ratio(moments.sum(0) - moments)
    if not (np.abs(without_one) < 1 - 1e-9).all():  # also if NaN
        return Estimate(
            r.value, n=count, how="an interval is undefined, because r is undefined or ±1 when one configuration is left out"
        ), None
    z = np.arctanh(without_one)
    spread = math.sqrt((count - 1) / count * float(np.square(z - z.mean()).sum()))
    middle, times = math.atanh(r.value), float(stats.t.ppf(0.975, count - 1))
    low, high = (math.tanh(middle + sign * times * spread) for sign in (-1, 1))
    p = float(2 * stats.t.sf(abs(middle) / spread, count - 1)) if spread > 0 else None
    return Estimate(r.value, low, high, count, f"jackknife over {count} configurations"), p
