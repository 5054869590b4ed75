"""Significance of a measure of two layers, by permutation tests, and its confidence interval, by half-samples.

Permutation test: shuffling the inputs of the second layer leaves only the effects of width and depth, which alone inflate measures (Gröger
et al. 2026, arXiv 2602.14486). Half-samples instead of a bootstrap: a bootstrap repeats inputs, and equal inputs are similar in every
layer, which would bias measures over pairs of inputs. Halves drawn without replacement vary about the whole sample as the whole sample does
about the population (McCarthy 1969, Review of the ISI 37:239; Politis, Romano & Wolf 1999, "Subsampling", chapter 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scratchlab.kernels.measures import compared
from scratchlab.metrics.estimate import Estimate


@dataclass(frozen=True)
class Chance:
    """Permutation distribution of a measure: its mean and 95 % quantile; p: (1 + shuffles that reach the observed value) / (1 + shuffles).

    times: shuffles for which the measure is defined. Returned by `against_chance`.
    """

    mean: float
    high: float
    p: float
    times: int


def against_chance(measure: str, a: Tensor, b: Tensor, *, times: int = 200, seed: int = 0) -> Chance | None:
    """Test a measure of two layers a and b `[n, ...]` by permutations; None if it is undefined for these layers, or for every shuffle.

    Raises Problem as `compared`.

    >>> layer = torch.arange(40.0).view(20, 2).sin()
    >>> against_chance("cka", layer, layer, times=19).p  # no shuffle reaches the CKA of a layer with itself
    0.05
    """
    observed, rng = compared(measure, a, b), np.random.default_rng(seed)
    if observed.value is None:
        return None
    orders = (torch.from_numpy(rng.permutation(len(b))) for _ in range(times))
    shuffled = [compared(measure, a, b[order]).value for order in orders]
    values = np.array([value for value in shuffled if value is not None])
    if not len(values):
        return None
    reached = int((values >= observed.value - 1e-9).sum())  # ties count, despite rounding
    return Chance(float(values.mean()), float(np.quantile(values, 0.95)), (1 + reached) / (1 + len(values)), len(values))


def with_interval(measure: str, a: Tensor, b: Tensor, *, times: int = 200, seed: int = 0) -> Estimate:
    """A measure of layers a and b `[n, ...]` with its 95 % interval over inputs; without one if it is undefined for too many halves.

    Raises Problem as `compared`.

    >>> layer = torch.arange(40.0).view(20, 2).sin()
    >>> estimate = with_interval("cka", layer, layer[:, :1])
    >>> round(estimate.value, 2), estimate.low < estimate.value < estimate.high, estimate.how
    (0.78, True, '200 halves of 20 inputs')
    """
    observed, rng, n = compared(measure, a, b), np.random.default_rng(seed), len(a)
    if observed.value is None:
        return observed
    halves = (torch.from_numpy(rng.permutation(n)[: n // 2]) for _ in range(times))
    values = [compared(measure, a[half], b[half]).value for half in halves]
    defined = np.array([value for value in values if value is not None])
    if len(defined) < times / 2:
        return Estimate(
            observed.value,
            how=f"an interval is undefined, because {measure} is undefined for {times - len(defined)} of {times} halves of the inputs",
        )
    # deviations from their own mean, since a half of the inputs may have another bias than the whole
    low, high = observed.value + np.quantile(defined - defined.mean(), [0.025, 0.975])
    return Estimate(observed.value, float(low), float(high), n, f"{times} halves of {n} inputs")
