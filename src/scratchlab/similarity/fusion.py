"""Fusion of several similarities, whose scores are first standardised per query."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def standardised(scores: Tensor) -> Tensor:
    """Each query's z-scores over the classes, `[n, c]`; zeros for a query with equal scores for all classes.

    >>> import torch
    >>> standardised(torch.tensor([[1.0, 3.0], [5.0, 5.0]])).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    centred = scores - scores.mean(1, keepdim=True)
    spread = centred.square().mean(1, keepdim=True).sqrt()
    smallest = 1e-6 * scores.abs().amax(1, keepdim=True)  # smaller differences are rounding errors
    return centred / spread.where(spread > smallest, float("inf"))


def fused(scores: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Weighted sum of the z-scores of several similarities, `[n, c]` each."""
    parts = [weight * standardised(part) for part, weight in zip(scores, weights, strict=True)]
    return sum(parts[1:], parts[0])


def margins(scores: Tensor) -> Tensor:
    """The margin `[n]` of the best class over the second, in standard deviations of the query's scores `[n, c]`; infinite for one class."""
    if scores.shape[1] < 2:
        return scores.new_full((len(scores),), float("inf"))
    best = standardised(scores).topk(2, dim=1).values
    return best[:, 0] - best[:, 1]


def fallen_back(main: Tensor, second: Tensor, threshold: float) -> Tensor:
    """Z-scores `[n, c]` of `main`, or of `second` for queries whose margin by `main` is below the threshold."""
    uncertain = margins(main) < threshold
    return standardised(second).where(uncertain[:, None], standardised(main))
