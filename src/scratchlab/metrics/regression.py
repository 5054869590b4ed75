"""How fast one thing grows with several others at once: numpy in, floats out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from scratchlab.metrics.estimate import Estimate, undefined

Values = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def slopes(x: Values, y: Values, blocks: Labels, clusters: Labels, *, level: float = 0.95) -> list[Estimate]:
    """Least squares of y `[n]` on the columns of x `[n, k]`, a level for each block `[n]`: k slopes, each with an interval of this level.

    Rows of a cluster `[n]` (the seeds of a configuration) are left out together; interval by the delete-one jackknife with Student's t, as
    in `correlation`. Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 11. Rows that are not finite are left out.
    Undefined where the columns do not vary independently of each other inside blocks.
    """
    good = np.isfinite(y) & np.isfinite(x).all(axis=1)
    x, y, blocks, clusters = x[good], y[good], blocks[good], clusters[good]
    names = np.unique(clusters)
    if len(names) < x.shape[1] + 3:
        return [undefined(f"{x.shape[1]} slopes need {x.shape[1] + 3} configurations, and there are {len(names)}")] * x.shape[1]
    whole = _fit(x, y, blocks)
    parts = [_fit(x[kept], y[kept], blocks[kept]) for kept in (clusters != name for name in names)]
    if whole is None or any(part is None for part in parts):
        return [undefined("the settings do not vary independently of each other")] * x.shape[1]
    left_out, count = np.array(parts), len(names)
    error = np.sqrt((count - 1) / count * np.square(left_out - left_out.mean(axis=0)).sum(axis=0))
    half = stats.t.ppf((1 + level) / 2, count - 1) * error
    how = f"least squares over {len(y)} runs, jackknife over {count} configurations"
    return [Estimate(float(a), float(a - b), float(a + b), len(y), how) for a, b in zip(whole, half, strict=True)]


def _fit(x: Values, y: Values, blocks: Labels) -> Values | None:
    """Slopes inside blocks; None where they are not determined."""
    inside = np.column_stack([x, y])
    for block in np.unique(blocks):
        inside[blocks == block] -= inside[blocks == block].mean(axis=0)
    found, _, rank, _ = np.linalg.lstsq(inside[:, :-1], inside[:, -1], rcond=None)
    return found.astype(np.float64) if rank == x.shape[1] else None
