"""The noise of a training curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchlab.metrics.estimate import Estimate, undefined

MIN_VALUES = 5  # three values give one second difference


def roughness(values: Sequence[float]) -> Estimate:
    """Standard deviation of a curve's noise about a smooth course, in the curve's units, from its second differences.

    s = sqrt(mean (x[t-1] - 2 x[t] + x[t+1])² / 6) is the standard deviation of independent noise about a line. Source: the difference
    estimator of Gasser, Sroka & Jennen-Steinmetz (1986), Biometrika 73:625, on an even grid. Undefined for fewer than five values, or if a
    value is not finite.

    >>> roughness([0, 1, 2, 3, 4]).value, round(roughness([1, -1, 1, -1, 1]).value or 0, 3)
    (0.0, 1.633)
    """
    x = np.asarray(values, dtype=np.float64)
    if len(x) < MIN_VALUES:
        return undefined(f"a curve's noise needs {MIN_VALUES} values, and there are {len(x)}")
    if not np.isfinite(x).all():
        return undefined("the curve has a value that is not finite")
    second_differences = x[:-2] - 2 * x[1:-1] + x[2:]
    return Estimate(float(np.sqrt(np.mean(np.square(second_differences)) / 6)), n=len(x), how=f"second differences of {len(x)} values")
