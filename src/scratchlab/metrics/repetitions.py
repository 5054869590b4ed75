"""Mean and standard error of independent repetitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scratchlab.checks import counted


@dataclass(frozen=True)
class Mean:
    """A mean and its standard error over n repetitions; either is None if it is undefined, and `how` then says why."""

    value: float | None
    error: float | None
    n: int
    how: str


def mean_and_error(values: Sequence[float], what: str = "seed", *, freedom: int = 1) -> Mean:
    """Mean ± s/√n of independent repetitions `[n]`, with s² = Σ(x − mean)² / (n − freedom).

    freedom: 1 (Student 1908) is unbiased for s²; 0 is numpy's default `std()`, as in many published tables: too small, by a factor √2 for
    two repetitions. The error of a single repetition is undefined, not 0. Raises ValueError for another freedom.

    >>> mean_and_error([0.25, 0.75, 0.25, 0.75], freedom=0)
    Mean(value=0.5, error=0.125, n=4, how='mean over 4 seeds')
    """
    if freedom not in (0, 1):
        raise ValueError(f"freedom is 1 or 0, not {freedom}")
    if not values:
        return Mean(None, None, 0, f"undefined, because there is no {what}")
    mean = float(np.mean(values))
    if len(values) == 1:
        return Mean(mean, None, 1, f"one {what}; an error is undefined, because one {what} has no spread")
    return Mean(mean, float(np.std(values, ddof=freedom)) / math.sqrt(len(values)), len(values), f"mean over {counted(len(values), what)}")
