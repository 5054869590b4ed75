"""What a curve of training tells by its shape: numpy in, floats out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchlab.metrics.estimate import Estimate, undefined

ENOUGH = 5  # values, of which three tell one second difference


def roughness(values: Sequence[float]) -> Estimate:
    """How far a curve jumps from step to step about whatever smooth course it takes, in its own units:

    s = sqrt(mean (x[t-1] - 2 x[t] + x[t+1])² / 6), the standard deviation of independent noise upon a line. Source: the difference
    estimator of Gasser, Sroka & Jennen-Steinmetz (1986), Biometrika 73:625, on an even grid. Undefined for fewer than five values, or where
    one is not finite.

    >>> roughness([0, 1, 2, 3, 4]).value, round(roughness([1, -1, 1, -1, 1]).value or 0, 3)
    (0.0, 1.633)
    """
    x = np.asarray(values, dtype=np.float64)
    if len(x) < ENOUGH:
        return undefined(f"a curve's noise needs {ENOUGH} values, and there are {len(x)}")
    if not np.isfinite(x).all():
        return undefined("the curve has a value that is not finite")
    bends = x[:-2] - 2 * x[1:-1] + x[2:]
    return Estimate(float(np.sqrt(np.mean(np.square(bends)) / 6)), n=len(x), how=f"second differences of {len(x)} values")
