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

Named = tuple[str, Tensor]


@dataclass(frozen=True)
class Chance:
    """Permutation distribution of a measure: its mean and 95 % quantile; p: (1 + shuffles that reach the observed value) / (1 + shuffles).

    times: shuffles for which the measure is defined.
    """

    mean: float
    high: float
    p: float
    times: int


def against_chance(measure: str, first: Named, second: Named, *, times: int = 200, seed: int = 0) -> Chance | None:
    """Test a measure of two layers by permutations; None if it is undefined for these layers, or for every shuffle."""
    observed, rng = compared(measure, first, second), np.random.default_rng(seed)
    if observed.value is None:
        return None
    name, features = second
    orders = (torch.from_numpy(rng.permutation(len(features))) for _ in range(times))
    shuffled = [compared(measure, first, (name, features[order])).value for order in orders]
    values = np.array([value for value in shuffled if value is not None])
    if not len(values):
        return None
    reached = int((values >= observed.value - 1e-9).sum())  # ties count, despite rounding
    return Chance(float(values.mean()), float(np.quantile(values, 0.95)), (1 + reached) / (1 + len(values)), len(values))


def with_interval(measure: str, first: Named, second: Named, *, times: int = 200, seed: int = 0) -> Estimate:
    """The measure with its 95 % interval over inputs; without one if the measure is undefined for the layers or for too many halves."""
    observed, rng, n = compared(measure, first, second), np.random.default_rng(seed), len(first[1])
    if observed.value is None:
        return observed
    halves = (torch.from_numpy(rng.permutation(n)[: n // 2]) for _ in range(times))
    values = [compared(measure, (first[0], first[1][half]), (second[0], second[1][half])).value for half in halves]
    defined = np.array([value for value in values if value is not None])
    if len(defined) < times / 2:
        return Estimate(
            observed.value,
            how=f"an interval is undefined, because {measure} is undefined for {times - len(defined)} of {times} halves of the inputs",
        )
    # deviations from their own mean, since a half of the inputs may have another bias than the whole
    low, high = observed.value + np.quantile(defined - defined.mean(), [0.025, 0.975])
    return Estimate(observed.value, float(low), float(high), n, f"{times} halves of {n} inputs")
