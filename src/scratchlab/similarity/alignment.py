"""Dynamic time warping and soft-DTW: the total cost of the best monotone alignment of two sequences, or of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, cast

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor
from torch.autograd.function import once_differentiable

from scratchlab.similarity import diagonals
from scratchlab.similarity.interface import MeanOrShots, Similarity
from scratchlab.similarity.steps import cosines, limits, longest, pairwise, self_scores, unit_steps
from scratchlab.types import Embeddings

Window = Annotated[
    float, Field(gt=0, le=1, description="greatest distance of aligned steps from the diagonal, as a fraction of the length; 1: unlimited")
]
Gamma = Annotated[float, Field(gt=0, description="softness of the minimum, in units of cost; the limit 0 is dtw")]

KEPT = 1 << 25  # cells of tables that are kept for the gradient: 128 MiB in single precision
LANES = 16  # single-precision numbers in the widest vector registers


def _compiled(cosine: Tensor) -> bool:
    """Whether to use the compiled kernels (float32 on a CPU) rather than the torch implementation in `diagonals`."""
    return cosine.device.type == "cpu" and cosine.dtype == torch.float32


def _cells(embeddings: Embeddings) -> int:
    """Pairs of steps per tile: what fits into a CPU's cache; more on other devices, to reduce the number of calls."""
    return 1 << 18 if embeddings.matrix.device.type == "cpu" else 1 << 22


class _Warp(torch.autograd.Function):
    """Total costs `[lanes]` of cosines `[a, b, lanes]`; the gradient is computed by a recursion, without an autograd graph."""

    @staticmethod
    def forward(ctx: Any, cosine: Tensor, n: Tensor, m: Tensor, limit: Tensor | None, gamma: float) -> Tensor:
        needs_gradient = bool(ctx.needs_input_grad[0])
        if _compiled(cosine):
            total, table = _fill(cosine, n, m, limit, gamma, needs_gradient)
        else:
            total, table = diagonals.fill(cosine, n, m, limit, gamma)
        if needs_gradient:
            ctx.save_for_backward(table, n, m)
            ctx.gamma = gamma
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *weights: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        table, n, m = ctx.saved_tensors
        weight = -weights[0]  # cost is 1 - cosine
        slope = _slope(table, n, m, ctx.gamma, weight) if _compiled(table) else diagonals.slope(table, n, m, ctx.gamma, weight)
        return slope, None, None, None, None


def _fill(cosine: Tensor, n: Tensor, m: Tensor, limit: Tensor | None, gamma: float, whole: bool) -> tuple[Tensor, Tensor]:
    """`diagonals.fill`, compiled; stores only two rows of the table unless `whole`."""
    from scratchlab.similarity import compiled  # imported here because importing numba takes a second

    a, b, lanes = cosine.shape
    table = np.empty((a + 1 if whole else 2, b + 1, lanes), np.float32)
    sizes = (n.numpy(), m.numpy(), (n if limit is None else limit).numpy(), limit is not None)
    values = cosine.detach().contiguous().numpy()
    totals = compiled.soft(values, *sizes, np.float32(gamma), table) if gamma else compiled.hard(values, *sizes, table)
    return torch.from_numpy(totals), torch.from_numpy(table)


def _slope(table: Tensor, n: Tensor, m: Tensor, gamma: float, weight: Tensor) -> Tensor:
    """`diagonals.slope`, compiled."""
    from scratchlab.similarity import compiled

    slope, weights = torch.zeros_like(table), weight.contiguous().numpy()
    if gamma:
        compiled.soft_slope(table.numpy(), n.numpy(), m.numpy(), np.float32(gamma), weights, slope.numpy())
    else:
        compiled.hard_slope(table.numpy(), n.numpy(), m.numpy(), weights, slope.numpy())
    return slope[1:, 1:]


def _totals(cosine: Tensor, n: Tensor, m: Tensor, window: float, gamma: float) -> Tensor:
    limit = None if window == 1 else limits(n, m, window)
    return cast(Tensor, _Warp.apply(cosine, n, m, limit, gamma))


@dataclass(kw_only=True, eq=False)
class DTW(Similarity):
    """Dynamic time warping: the minimal sum of 1 - cosine over all alignment paths, divided by the longer length, and negated.

    Of matrices `[n, t, c]` with matrices `[m, s, c]`, it gives `[n, m]`. A path leads from the first to the last steps and advances in the
    query, in the reference or in both. Source: Sakoe & Chiba (1978), symmetric form without weights. A silent step has cosine 0 with every
    step. The gradient is that of the best path's cost.

    >>> x, y = torch.eye(3)[None, [0, 1]], torch.eye(3)[None, [0, 0, 2]]  # one of two steps, one of three: [1, 2, 3] and [1, 3, 3]
    >>> DTW()(x, y)  # only the last steps differ
    tensor([[-0.3333]])
    """

    reads, sees_order, is_distance = "matrix", True, True

    references: MeanOrShots = "shots"
    window: Window = 1.0

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Scores in [-2, 0]; 0 if every step is aligned with an equal one. (The best path has at most one cell per step of the longer.)"""

        def align(cosine: Tensor, n: Tensor, m: Tensor) -> Tensor:
            return _totals(cosine, n, m, self.window, 0.0)

        return -pairwise(align, queries, references, _cells(queries), KEPT, LANES) / longest(queries, references)


@dataclass(kw_only=True, eq=False)
class SoftDTW(Similarity):
    """DTW with the soft minimum -gamma log(sum of exp(-x/gamma)) over all paths, through which every path has a gradient; normalised and
    negated like `DTW`.

    Of matrices `[n, t, c]` with matrices `[m, s, c]`, it gives `[n, m]`. Source: Cuturi & Blondel (2017), arXiv 1703.01541, equation 1 and
    algorithms 1 and 2. `debiased`: half the cost of each input with itself is subtracted, so that equal inputs score 0 (Blondel, Mensch &
    Vert 2021, arXiv 2010.08354, equation 9).

    >>> x, y = torch.eye(3)[None, [0, 1]], torch.eye(3)[None, [0, 0, 2]]  # one of two steps, one of three: [1, 2, 3] and [1, 3, 3]
    >>> SoftDTW()(x, y)  # at least as large as DTW's -0.3333
    tensor([[-0.3333]])
    """

    reads, sees_order, is_distance = "matrix", True, True

    references: MeanOrShots = "shots"
    gamma: Gamma = 0.1
    window: Window = 1.0
    debiased: Annotated[bool, Field(description="subtract half the cost of each input with itself, so that equal inputs score 0")] = False

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Scores, at least as large as DTW's: the soft minimum lies below the minimum."""

        def align(cosine: Tensor, n: Tensor, m: Tensor) -> Tensor:
            return _totals(cosine, n, m, self.window, self.gamma)

        cells = _cells(queries)
        total = pairwise(align, queries, references, cells, KEPT, LANES)
        if self.debiased:
            total = total - self_scores(align, queries, cells)[:, None] / 2 - self_scores(align, references, cells)[None] / 2
        return -total / longest(queries, references)


def path(query: Tensor, reference: Tensor, window: float = 1.0) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The best DTW path between matrices `[t, c]` and `[s, c]`: its pairs of steps (i, j), `[k, 2]`, and their costs 1 - cosine, `[k]`.

    The path leads from (0, 0) to (t - 1, s - 1). DTW's score is minus the sum of the costs, divided by the longer length.

    >>> pairs, costs = path(torch.eye(3), torch.eye(3)[[0, 1, 1, 2]])
    >>> pairs.tolist(), costs.tolist()
    ([[0, 0], [1, 1], [1, 2], [2, 3]], [0.0, 0.0, 0.0, 0.0])
    """
    from scratchlab.similarity import compiled

    def batch_of_one(matrix: Tensor) -> Embeddings:
        matrix = matrix.detach().cpu().float()[None]
        return Embeddings(matrix[:, 0], matrix, torch.tensor([matrix.shape[1]]))

    a, b = batch_of_one(query), batch_of_one(reference)
    cosine = cosines(unit_steps(a), unit_steps(b).permute(2, 1, 0))
    limit = None if window == 1 else limits(a.lengths, b.lengths, window)
    table = _fill(cosine, a.lengths, b.lengths, limit, 0.0, whole=True)[1]
    pairs = compiled.walk(table.numpy(), len(query), len(reference), 0)
    return pairs, 1 - cosine[:, :, 0].numpy()[pairs[:, 0], pairs[:, 1]]
