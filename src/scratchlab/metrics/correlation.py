"""Correlations over runs in clusters: seeds of one configuration resemble each other, so the configuration is what counts once."""

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
ENOUGH = 5  # configurations below which no interval is told


@dataclass(frozen=True)
class Correlation:
    """Of x and y over runs.

    r, rho: Pearson's and Spearman's with 95 % intervals over other configurations. naive: Pearson's interval if all runs were independent.
    within: r inside groups, their means taken away. seeds: r between runs of one configuration. p: that r is 0, over configurations;
    adjusted: the same among all comparisons that were made. left_out: runs where x or y is not a finite number.
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
    """Of x and y `[n]`; configurations `[n]` and groups `[n]` say which runs belong together."""
    good = np.isfinite(x) & np.isfinite(y)
    left_out, x, y = int((~good).sum()), x[good], y[good]
    _, cluster = np.unique(configurations[good], return_inverse=True)
    count = int(cluster.max()) + 1 if len(cluster) else 0
    ranks = [cast(Values, stats.rankdata(one)) for one in (x, y)]
    r, p = _clustered(x, y, cluster)
    return Correlation(
        r=r,
        rho=_clustered(ranks[0], ranks[1], cluster)[0],
        naive=fisher(x, y),
        within=_plain(*(_centred(one, groups[good]) for one in (x, y))) if groups is not None else undefined("no group was named"),
        seeds=_plain(*(_centred(one, cluster) for one in (x, y))) if count < len(x) else undefined("no configuration has several runs"),
        p=p,
        adjusted=None,
        runs=len(x),
        configurations=count,
        left_out=left_out,
    )


def adjusted(found: Sequence[Correlation]) -> list[Correlation]:
    """The same with p-values corrected for their number. Source: Holm (1979), Scandinavian Journal of Statistics 6:65.

    The smallest is multiplied by their number, the next by one less, none being smaller than the one before it. Right under any dependence.
    """
    known = sorted((one.p, place) for place, one in enumerate(found) if one.p is not None)
    told, least = dict[int, float](), 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        told[place] = least
    return [dataclasses.replace(one, adjusted=told.get(place)) for place, one in enumerate(found)]


def fisher(x: Values, y: Values) -> Estimate:
    """Pearson's r with the interval of independent pairs. Source: Fisher (1921), Metron 1:3: atanh r has a spread of 1 / sqrt(n - 3)."""
    found = _plain(x, y)
    if found.value is None or len(x) < 4 or abs(found.value) > 1 - 1e-9:
        return found
    half = 1.959964 / math.sqrt(len(x) - 3)
    low, high = (math.tanh(math.atanh(found.value) + sign * half) for sign in (-1, 1))
    return Estimate(found.value, low, high, len(x), f"Fisher's interval over {len(x)} runs as if they were independent")


def _plain(x: Values, y: Values) -> Estimate:
    """Pearson's r without an interval."""
    if len(x) < 3:
        return undefined(f"a correlation needs three runs, and there are {len(x)}")
    for name, one in (("the first", x), ("the second", y)):
        size = float(np.abs(one).max()) or 1.0
        if np.ptp(one / size) <= 1e-12:
            return undefined(f"{name} of the two is the same in all runs")
    return Estimate(float(_ratio(_moments(x, y, np.zeros(len(x), dtype=np.int64))[0])), n=len(x))


def _centred(x: Values, labels: Labels) -> Values:
    """x less the mean of its label's."""
    _, place = np.unique(labels, return_inverse=True)
    if not len(x):
        return x
    moved = x - (np.bincount(place, x) / np.bincount(place))[place]
    return np.where(np.abs(moved) <= 1e-12 * np.abs(x).max(), 0.0, moved)


def _moments(x: Values, y: Values, cluster: Labels) -> Values:
    """`[clusters, 6]`: number, sums of x, y, xx, yy, xy, once x and y are centred and scaled so that nothing is lost."""
    x, y = (one / (np.abs(one).max() or 1.0) for one in (x, y))
    x, y = ((one - one.mean()) / (one.std() or 1.0) for one in (x, y))
    parts = [cast(Values, np.bincount(cluster, one)) for one in (np.ones(len(x)), x, y, x * x, y * y, x * y)]
    return np.stack(parts, axis=1)


def _ratio(moments: Values) -> Values:
    """Pearson's r of sums `[..., 6]`; NaN where one of the two has no spread."""
    n, x, y, xx, yy, xy = np.moveaxis(moments, -1, 0)
    across = (xx - x * x / n) * (yy - y * y / n)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(across > 1e-20 * n * n, (xy - x * y / n) / np.sqrt(across), np.nan)


def _clustered(x: Values, y: Values, cluster: Labels) -> tuple[Estimate, float | None]:
    """Pearson's r with its interval over clusters, and p that it is 0.

    Both of atanh r, whose spread is told by leaving out each cluster in turn, and Student's t with clusters - 1 degrees of freedom: the
    delete-one jackknife, Efron & Tibshirani (1993), chapter 11. Percentiles of a bootstrap over clusters are on the narrow side below some
    twenty of them (86 to 90 in a hundred intervals cover where 95 should, at five and eight), and may contradict p.
    """
    found = _plain(x, y)
    if found.value is None:
        return found, None
    moments = _moments(x, y, cluster)
    count = len(moments)
    if abs(found.value) > 1 - 1e-9:
        return Estimate(found.value, n=count, how="one of the two determines the other"), None
    if count < ENOUGH:
        why = f"an interval is undefined, because there are {count} configurations, and {ENOUGH} are needed"
        return Estimate(found.value, n=count, how=why), None
    left = _ratio(moments.sum(0) - moments)
    if not (np.abs(left) < 1 - 1e-9).all():  # NaN included
        return Estimate(
            found.value, n=count, how="an interval is undefined, because without one configuration there is no spread left"
        ), None
    z = np.arctanh(left)
    spread = math.sqrt((count - 1) / count * float(np.square(z - z.mean()).sum()))
    middle, times = math.atanh(found.value), float(stats.t.ppf(0.975, count - 1))
    low, high = (math.tanh(middle + sign * times * spread) for sign in (-1, 1))
    p = float(2 * stats.t.sf(abs(middle) / spread, count - 1)) if spread > 0 else None
    return Estimate(found.value, low, high, count, f"jackknife over {count} configurations"), p
