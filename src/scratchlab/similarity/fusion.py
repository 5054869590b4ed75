"""Several similarities made one: scores that differ in scale are first made comparable, query by query."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def standardised(scores: Tensor) -> Tensor:
    """`[n, c]` -> each query's z-scores over the classes. A query at the same score from all classes prefers none: zeros.

    >>> import torch
    >>> standardised(torch.tensor([[1.0, 3.0], [5.0, 5.0]])).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    centred = scores - scores.mean(1, keepdim=True)
    spread = centred.square().mean(1, keepdim=True).sqrt()
    smallest = 1e-6 * scores.abs().amax(1, keepdim=True)  # what is left of equal scores is rounding
    return centred / spread.where(spread > smallest, float("inf"))


def fused(scores: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Weighted sum of the z-scores of several similarities, `[n, c]` each."""
    parts = [weight * standardised(one) for one, weight in zip(scores, weights, strict=True)]
    return sum(parts[1:], parts[0])


def margins(scores: Tensor) -> Tensor:
    """`[n, c]` -> `[n]`: how far the best class stands above the second, in standard deviations of the query's scores.

    With one class there is no second: the margin is infinite.
    """
    if scores.shape[1] < 2:
        return scores.new_full((len(scores),), float("inf"))
    best = standardised(scores).topk(2, dim=1).values
    return best[:, 0] - best[:, 1]


def fallen_back(main: Tensor, second: Tensor, threshold: float) -> Tensor:
    """`[n, c]`: z-scores of `main`, but of `second` where main's margin is below the threshold."""
    unsure = margins(main) < threshold
    return standardised(second).where(unsure[:, None], standardised(main))
