"""Multiple linear regression with clustered observations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from scratchlab.metrics.estimate import Estimate, undefined

Values = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def slopes(x: Values, y: Values, blocks: Labels, clusters: Labels, *, level: float = 0.95) -> list[Estimate]:
    """Least-squares regression of y `[n]` on the columns of x `[n, k]` with an intercept for each block `[n]`: k slopes with intervals.

    Intervals of coverage `level` by the delete-one jackknife over clusters `[n]` (configurations, each with several seeds) with Student's
    t, as in `correlation`. Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 11. Rows with values that are not
    finite are ignored. Undefined if the columns are linearly dependent within blocks.
    """
    good = np.isfinite(y) & np.isfinite(x).all(axis=1)
    x, y, blocks, clusters = x[good], y[good], blocks[good], clusters[good]
    names = np.unique(clusters)
    if len(names) < x.shape[1] + 3:
        return [undefined(f"{x.shape[1]} slopes need {x.shape[1] + 3} configurations, and there are {len(names)}")] * x.shape[1]
    full = _fit(x, y, blocks)
    parts = [_fit(x[kept], y[kept], blocks[kept]) for kept in (clusters != name for name in names)]
    if full is None or any(part is None for part in parts):
        return [undefined("the settings do not vary independently of each other")] * x.shape[1]
    jackknife, count = np.array(parts), len(names)
    error = np.sqrt((count - 1) / count * np.square(jackknife - jackknife.mean(axis=0)).sum(axis=0))
    half = stats.t.ppf((1 + level) / 2, count - 1) * error
    how = f"least squares over {len(y)} runs, jackknife over {count} configurations"
    return [Estimate(float(a), float(a - b), float(a + b), len(y), how) for a, b in zip(full, half, strict=True)]


def _fit(x: Values, y: Values, blocks: Labels) -> Values | None:
    """Slopes within blocks; None if they are not determined."""
    centred = np.column_stack([x, y])
    for block in np.unique(blocks):
        centred[blocks == block] -= centred[blocks == block].mean(axis=0)
    coefficients, _, rank, _ = np.linalg.lstsq(centred[:, :-1], centred[:, -1], rcond=None)
    return coefficients.astype(np.float64) if rank == x.shape[1] else None
