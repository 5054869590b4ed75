"""Cosines between the steps of matrix embeddings, and pairwise scores computed in tiles that bound memory.

Alignments work on `[a, b, lanes]`: the cosines of a query's a steps with a reference's b steps, one lane per pair of inputs.
With pairs as the innermost axis, loops over them are vectorised, and a tile of cosines is one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from scratchlab.models.lengths import mask
from scratchlab.types import Embeddings

SILENT = 1e-12  # a step whose values are all this small or smaller has no direction

Align = Callable[[Tensor, Tensor, Tensor], Tensor]


def unit_steps(embeddings: Embeddings) -> Tensor:
    """Normalised steps `[n, t, c]`; silent steps and padding are 0, with gradient 0. At least single precision.

    >>> m = torch.tensor([[[3.0, 4.0], [0.0, 0.0], [1.0, 1.0]]])
    >>> unit_steps(Embeddings(m[:, 0], m, torch.tensor([2])))
    tensor([[[0.6000, 0.8000],
             [0.0000, 0.0000],
             [0.0000, 0.0000]]])
    """
    matrix, lengths = embeddings.matrix, embeddings.lengths
    matrix = matrix.to(torch.promote_types(matrix.dtype, torch.float32))
    largest = matrix.detach().abs().amax(2, keepdim=True)
    audible = largest > SILENT
    real = mask(lengths, matrix.shape[1])
    if real is not None:
        audible = audible & real[:, :, None]
    # Steps are divided by their largest value first, so that squares neither overflow nor underflow; the result does not depend on this
    # scale, so it needs no gradient. Silent steps are replaced before the division, so that their gradient is 0, not 0/0.
    scaled = torch.where(audible, matrix, 1.0) / torch.where(audible, largest, 1.0)
    return torch.where(audible, scaled / scaled.square().sum(2, keepdim=True).sqrt(), 0.0)


def cosines(queries: Tensor, lanes: Tensor) -> Tensor:
    """Cosines `[a, b, q * m]` of unit steps `[q, a, c]` and `[c, b, m]`, the pairs ordered by query, then by reference."""
    (q, a, c), (_, b, m) = queries.shape, lanes.shape
    products = queries.reshape(q * a, c) @ lanes.reshape(c, b * m)
    return products.view(q, a, b, m).permute(1, 2, 0, 3).reshape(a, b, q * m)


def limits(n: Tensor, m: Tensor, window: float) -> Tensor:
    """The largest `abs(i * (m - 1) - j * (n - 1))` for which step i of n and step j of m may be aligned, `[lanes]`.

    Band of Sakoe & Chiba (1978) around the diagonal scaled to both lengths: positions i/(n-1) and j/(m-1) differ by at most `window`. It is
    never narrower than half a step of the shorter input, so that a path exists for any two lengths: for each step j of the longer input,
    the nearest step of the shorter one, i = round(j (n-1)/(m-1)), lies in the band, and this i grows by 0 or 1.

    >>> limits(torch.tensor([3, 3]), torch.tensor([40, 3]), 0.01), limits(torch.tensor([3]), torch.tensor([40]), 1.0)
    (tensor([19,  1]), tensor([78]))
    """
    band = (window * ((n - 1) * (m - 1)).cpu().double()).floor().long().to(n.device)  # on the CPU: not every device has float64
    return torch.maximum(band, (torch.maximum(n, m) - 1) // 2)


def _tiles(lengths: list[int], most: Callable[[int], int]) -> Iterator[tuple[slice, int]]:
    """Split an ascending list into about equal slices, each no larger than `most(its last length)`; yields slices and last lengths."""
    stop = len(lengths)
    while stop:
        size = max(1, most(lengths[stop - 1]))
        size = -(-stop // -(-stop // size))
        yield slice(stop - size, stop), lengths[stop - 1]
        stop -= size


class _Checkpoint(torch.autograd.Function):
    """Computes a tile while keeping only its inputs, and recomputes it for the gradient.

    Unlike torch's checkpoint, it does not keep the nodes of the graph, of which a recursion has thousands per tile.
    """

    @staticmethod
    def forward(ctx: Any, work: Callable[[Tensor, Tensor], Tensor], query: Tensor, lanes: Tensor) -> Tensor:
        ctx.work = work
        ctx.save_for_backward(query, lanes)
        return work(query, lanes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *weights: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        needed = ctx.needs_input_grad[1:]
        inputs = [tensor.detach().requires_grad_(need) for tensor, need in zip(ctx.saved_tensors, needed, strict=True)]
        with torch.enable_grad():
            scores = ctx.work(*inputs)
        gradients = iter(torch.autograd.grad(scores, [tensor for tensor in inputs if tensor.requires_grad], weights[0]))
        return None, *(next(gradients) if need else None for need in needed)


def pairwise(align: Align, queries: Embeddings, references: Embeddings, cells: int, kept: int, least: int = 1) -> Tensor:
    """Scores `[n, m]` of all queries with all references, by `align(cosines [a, b, lanes], query lengths, reference lengths) -> [lanes]`.

    cells: approximate number of pairs of steps per tile; least: minimal number of references per tile. Inputs of similar length share a
    tile, so that little of it is padding. If gradients are needed and there are more than `kept` pairs of steps in all, the tables of a
    tile are recomputed for its gradient instead of kept.
    """
    query, reference = unit_steps(queries), unit_steps(references)
    n, n_order = queries.lengths.to(query.device).sort(stable=True)
    m, m_order = references.lengths.to(query.device).sort(stable=True)
    n_list, m_list = cast(list[int], n.tolist()), cast(list[int], m.tolist())
    if not n_list or not m_list:
        return query.new_zeros(len(n_list), len(m_list))
    query, reference = query[n_order], reference[m_order]
    recompute = torch.is_grad_enabled() and (query.requires_grad or reference.requires_grad) and sum(n_list) * sum(m_list) > kept

    blocks: list[Tensor] = []
    for columns, b in _tiles(m_list, lambda b: max(least, cells // (b * n_list[-1]))):
        lanes, r = reference[columns, :b].permute(2, 1, 0).contiguous(), m[columns]
        area = b * len(r)
        strips: list[Tensor] = []
        for rows, a in _tiles(n_list, lambda a, area=area: cells // (a * area)):
            pairs = (n[rows].repeat_interleave(len(r)), r.repeat(rows.stop - rows.start))

            def strip(query: Tensor, lanes: Tensor, pairs: tuple[Tensor, Tensor] = pairs) -> Tensor:
                return align(cosines(query, lanes), *pairs)

            inputs = (query[rows, :a], lanes)
            scores = cast(Tensor, _Checkpoint.apply(strip, *inputs)) if recompute else strip(*inputs)
            strips.append(scores.view(-1, len(r)))
        blocks.append(torch.cat(strips[::-1]))
    return torch.cat(blocks[::-1], 1)[n_order.argsort()][:, m_order.argsort()]


def self_scores(align: Align, embeddings: Embeddings, cells: int) -> Tensor:
    """Scores `[n]` of every input with itself, by `align`."""
    steps, lengths = unit_steps(embeddings), embeddings.lengths.to(embeddings.matrix.device)
    size = max(1, cells // max(1, steps.shape[1]) ** 2)
    parts = [slice(start, start + size) for start in range(0, len(steps), size)] or [slice(0)]
    return torch.cat([align((steps[at] @ steps[at].mT).permute(1, 2, 0).contiguous(), lengths[at], lengths[at]) for at in parts])


def longest(queries: Embeddings, references: Embeddings) -> Tensor:
    """The larger length of each pair, `[n, m]`."""
    device = queries.matrix.device
    return torch.maximum(queries.lengths.to(device)[:, None], references.lengths.to(device)[None])
