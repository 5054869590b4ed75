"""Order-preserving optimal transport: the steps of one input are carried to those of the other, the nearer in time the cheaper.

Source: Su & Hua, Order-preserving Wasserstein distance for sequence matching (CVPR 2017; TPAMI 41(12), 2019). With the places
i/N of N steps and j/M of M (from 1), x = i/N - j/M, and cost D = 1 - cosine, the plan T of marginals 1/N and 1/M that minimises

    <T, D> - lambda1 sum T / (x² + 1) + lambda2 KL(T || P),   P ~ exp(-l² / (2 sigma²)), l = |x| / sqrt(1/N² + 1/M²),

is found by Sinkhorn scaling of K = P exp((lambda1 / (x² + 1) - D) / lambda2) (there equations 10 to 13). The score is -<T, D>.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.similarity.interface import MeanOrShots, Similarity
from scratchlab.similarity.steps import pairwise
from scratchlab.types import Embeddings

CELLS = 1 << 17  # pairs of steps a tile; its gradient passes through every iteration
ABSORBED = 4  # iterations between two absorptions of the scalings: each moves their logarithms by log(N M) at most
FAR = 1e30


def _kernel(cost: Tensor, n: Tensor, m: Tensor, lambda1: float, lambda2: float, sigma: float) -> Tensor:
    """log K `[lanes, a, b]`, up to a constant; where either is padded, so low that nothing is carried there."""
    i = torch.arange(1, cost.shape[1] + 1, device=cost.device, dtype=cost.dtype)[None, :, None]
    j = torch.arange(1, cost.shape[2] + 1, device=cost.device, dtype=cost.dtype)[None, None, :]
    rows, columns = n.to(cost.dtype)[:, None, None], m.to(cost.dtype)[:, None, None]
    x = (i / rows - j / columns).square()
    away = x / (1 / rows.square() + 1 / columns.square()) / (2 * sigma**2)
    # 1/(x²+1) less its largest value 1: -x²/(x²+1). The constant would only cost digits.
    logs = -away - (lambda1 * x / (x + 1) + cost) / lambda2
    return torch.where((i <= rows) & (j <= columns), logs, -FAR)


def plan(cost: Tensor, n: Tensor, m: Tensor, lambda1: float, lambda2: float, sigma: float, iterations: int) -> Tensor:
    """`[lanes, a, b]` costs -> the plans, which sum to 1; the reference's marginals hold exactly, the query's at convergence.

    The first iteration is done on logarithms. After it every row sums to at least 1/(N M) and every column to 1/M, so the others can
    go on with the numbers themselves, and their scalings are small enough for single precision when taken into K now and then.
    """
    logs = _kernel(cost, n, m, lambda1, lambda2, sigma)
    real_rows = torch.arange(cost.shape[1], device=cost.device)[None, :, None] < n[:, None, None]
    real_columns = torch.arange(cost.shape[2], device=cost.device)[None, None, :] < m[:, None, None]
    logs = logs - torch.where(real_rows, logs.logsumexp(2, keepdim=True) + n.to(cost.dtype).log()[:, None, None], 0.0)
    logs = logs - torch.where(real_columns, logs.logsumexp(1, keepdim=True) + m.to(cost.dtype).log()[:, None, None], 0.0)
    kernel, share, other = logs.exp(), 1 / n.to(cost.dtype)[:, None, None], 1 / m.to(cost.dtype)[:, None, None]
    right = torch.ones_like(kernel[:, :1]).mT
    for iteration in range(1, iterations):
        left = share / torch.where(real_rows, kernel @ right, 1.0)
        right = other / torch.where(real_columns.mT, kernel.mT @ left, 1.0)
        if iteration % ABSORBED == 0 or iteration == iterations - 1:
            kernel, right = kernel * left * right.mT, torch.ones_like(right)
    return kernel


@dataclass(kw_only=True, eq=False)
class OrderPreservingTransport(Similarity):
    """Negative cost of carrying one input's steps to the other's, the nearer in time the cheaper.

    Departs from the paper in the cost, there squared Euclidean, and in that the number of iterations is fixed, so that the gradient is
    that of what was computed.
    """

    reads, sees_order, is_distance = "matrix", True, True

    references: MeanOrShots = "shots"
    lambda1: Annotated[float, Field(ge=0, description="weight of closeness in time")] = 50.0
    lambda2: Annotated[float, Field(gt=0, description="softness, in units of cost; towards 0 few pairs carry all")] = 0.1
    sigma: Annotated[float, Field(gt=0, description="width of the prior around the diagonal, in steps")] = 1.0
    iterations: Annotated[int, Field(ge=1, description="Sinkhorn iterations")] = 20

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """In [-2, 0]."""

        def align(cosine: Tensor, n: Tensor, m: Tensor) -> Tensor:
            cost = 1 - cosine.permute(2, 0, 1).contiguous()
            carried = plan(cost, n, m, self.lambda1, self.lambda2, self.sigma, self.iterations)
            return -(carried * cost).sum((1, 2))

        return pairwise(align, queries, references, CELLS, CELLS)
