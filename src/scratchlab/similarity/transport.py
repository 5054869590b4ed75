"""Order-preserving optimal transport between the steps of two inputs, which favours transport between nearby positions in time.

Source: Su & Hua, Order-preserving Wasserstein distance for sequence matching (CVPR 2017; TPAMI 41(12), 2019). With relative positions i/N
of N steps and j/M of M (from 1), x = i/N - j/M, and cost D = 1 - cosine, the plan T with marginals 1/N and 1/M that minimises

    <T, D> - lambda1 sum T / (x² + 1) + lambda2 KL(T || P),   P ~ exp(-l² / (2 sigma²)), l = |x| / sqrt(1/N² + 1/M²),

is found by Sinkhorn scaling of K = P exp((lambda1 / (x² + 1) - D) / lambda2) (equations 10 to 13). The score is -<T, D>.
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

CELLS = 1 << 17  # pairs of steps per tile; the gradient passes through every iteration
ABSORBED = 4  # iterations after which the scalings are absorbed into the kernel: each changes their logarithms by at most log(N M)
FAR = 1e30


def _kernel(cost: Tensor, n: Tensor, m: Tensor, lambda1: float, lambda2: float, sigma: float) -> Tensor:
    """log K `[lanes, a, b]`, up to a constant; very low for padding, so that nothing is transported there."""
    i = torch.arange(1, cost.shape[1] + 1, device=cost.device, dtype=cost.dtype)[None, :, None]
    j = torch.arange(1, cost.shape[2] + 1, device=cost.device, dtype=cost.dtype)[None, None, :]
    rows, columns = n.to(cost.dtype)[:, None, None], m.to(cost.dtype)[:, None, None]
    x = (i / rows - j / columns).square()
    prior = x / (1 / rows.square() + 1 / columns.square()) / (2 * sigma**2)
    # 1/(x²+1) minus its largest value 1, i.e. -x²/(x²+1): the constant would only cost precision.
    logs = -prior - (lambda1 * x / (x + 1) + cost) / lambda2
    return torch.where((i <= rows) & (j <= columns), logs, -FAR)


def plan(cost: Tensor, n: Tensor, m: Tensor, lambda1: float, lambda2: float, sigma: float, iterations: int) -> Tensor:
    """Transport plans of costs `[lanes, a, b]`; they sum to 1. The reference's marginals hold exactly, the query's at convergence.

    The first iteration is done on logarithms. After it every row sums to at least 1/(N M) and every column to 1/M, so the other iterations
    need no logarithms, and their scalings stay within single precision if they are absorbed into K every few iterations.
    """
    logs = _kernel(cost, n, m, lambda1, lambda2, sigma)
    real_rows = torch.arange(cost.shape[1], device=cost.device)[None, :, None] < n[:, None, None]
    real_columns = torch.arange(cost.shape[2], device=cost.device)[None, None, :] < m[:, None, None]
    logs = logs - torch.where(real_rows, logs.logsumexp(2, keepdim=True) + n.to(cost.dtype).log()[:, None, None], 0.0)
    logs = logs - torch.where(real_columns, logs.logsumexp(1, keepdim=True) + m.to(cost.dtype).log()[:, None, None], 0.0)
    kernel, row_sum, column_sum = logs.exp(), 1 / n.to(cost.dtype)[:, None, None], 1 / m.to(cost.dtype)[:, None, None]
    right = torch.ones_like(kernel[:, :1]).mT
    for iteration in range(1, iterations):
        left = row_sum / torch.where(real_rows, kernel @ right, 1.0)
        right = column_sum / torch.where(real_columns.mT, kernel.mT @ left, 1.0)
        if iteration % ABSORBED == 0 or iteration == iterations - 1:
            kernel, right = kernel * left * right.mT, torch.ones_like(right)
    return kernel


@dataclass(kw_only=True, eq=False)
class OrderPreservingTransport(Similarity):
    """Negative cost of optimal transport from one input's steps to the other's, which favours nearby positions in time.

    Of matrices `[n, t, c]` with matrices `[m, s, c]`, it gives `[n, m]`. Departures from the paper: the cost, there squared
    Euclidean; and a fixed number of iterations, so that the gradient is exactly that of the computation.

    >>> x, y = torch.eye(2)[None], torch.eye(2)[None, [1, 0]]  # two equal steps in opposite orders: [1, 2, 2] each
    >>> OrderPreservingTransport()(x, y).round(decimals=3)
    tensor([[-1.]])
    """

    reads, sees_order, is_distance = "matrix", True, True

    references: MeanOrShots = "shots"
    lambda1: Annotated[float, Field(ge=0, description="weight of closeness in time")] = 50.0
    lambda2: Annotated[float, Field(gt=0, description="entropic regularisation, in units of cost; towards 0 few pairs carry all mass")] = (
        0.1
    )
    sigma: Annotated[float, Field(gt=0, description="width of the prior around the diagonal, in steps")] = 1.0
    iterations: Annotated[int, Field(ge=1, description="Sinkhorn iterations")] = 20

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Scores in [-2, 0]."""

        def align(cosine: Tensor, n: Tensor, m: Tensor) -> Tensor:
            cost = 1 - cosine.permute(2, 0, 1).contiguous()
            plans = plan(cost, n, m, self.lambda1, self.lambda2, self.sigma, self.iterations)
            return -(plans * cost).sum((1, 2))

        return pairwise(align, queries, references, CELLS, CELLS)
