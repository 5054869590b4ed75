"""How sure a measure of two layers is: against chance by permutations, and over other inputs by half-samples.

Permutations: the inputs of the second layer are shuffled, so that nothing is left but width and depth, which inflate measures by
themselves (Gröger et al. 2026, arXiv 2602.14486). Half-samples: a bootstrap draws inputs twice, and two equal inputs are alike in every
layer, which measures over pairs of inputs would count; halves drawn without replacement scatter about the whole as the whole does about the
truth (McCarthy 1969, Review of the ISI 37:239; Politis, Romano & Wolf 1999, "Subsampling", chapter 2).
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
    """What shuffled inputs give: mean and 95 % quantile of the measure, and p, the share that reaches what was found (1 added to both).

    times: shuffles for which the measure is defined.
    """

    mean: float
    high: float
    p: float
    times: int


def against_chance(measure: str, first: Named, second: Named, *, times: int = 200, seed: int = 0) -> Chance | None:
    """None where the measure is undefined for these layers, or for every shuffle."""
    found, rng = compared(measure, first, second), np.random.default_rng(seed)
    if found.value is None:
        return None
    name, features = second
    orders = (torch.from_numpy(rng.permutation(len(features))) for _ in range(times))
    shuffled = [compared(measure, first, (name, features[order])).value for order in orders]
    values = np.array([value for value in shuffled if value is not None])
    if not len(values):
        return None
    reached = int((values >= found.value - 1e-9).sum())  # equals count, whatever their rounding
    return Chance(float(values.mean()), float(np.quantile(values, 0.95)), (1 + reached) / (1 + len(values)), len(values))


def with_interval(measure: str, first: Named, second: Named, *, times: int = 200, seed: int = 0) -> Estimate:
    """The measure with its 95 % interval over other inputs; as it is where it is undefined, or too few halves are defined."""
    found, rng, n = compared(measure, first, second), np.random.default_rng(seed), len(first[1])
    if found.value is None:
        return found
    halves = (torch.from_numpy(rng.permutation(n)[: n // 2]) for _ in range(times))
    values = [compared(measure, (first[0], first[1][half]), (second[0], second[1][half])).value for half in halves]
    defined = np.array([value for value in values if value is not None])
    if len(defined) < times / 2:
        return Estimate(
            found.value, how=f"an interval is undefined, because of {times} halves of the inputs {times - len(defined)} have no {measure}"
        )
    # scattered about their own mean: a half of the inputs may be biased otherwise than the whole
    low, high = found.value + np.quantile(defined - defined.mean(), [0.025, 0.975])
    return Estimate(found.value, float(low), float(high), n, f"{times} halves of {n} inputs")
