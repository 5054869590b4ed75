"""Steps of matrix embeddings: their cosines, laid out in lanes, and the tiles that bound the memory of pairwise scores.

Every alignment works on `[a, b, lanes]`: the cosines of a query's a steps with a reference's b, one lane a pair of them.
With the pairs innermost, one instruction serves many pairs, and a whole tile of cosines is one product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from scratchlab.models.lengths import mask
from scratchlab.types import Embeddings

SILENT = 1e-12  # a step whose values are all this small or smaller points nowhere

Align = Callable[[Tensor, Tensor, Tensor], Tensor]


def unit_steps(embeddings: Embeddings) -> Tensor:
    """`[n, t, c]`: every step of length 1; silent steps and padding 0, with gradient 0. At least single precision.

    >>> m = torch.tensor([[[3.0, 4.0], [0.0, 0.0], [1.0, 1.0]]])
    >>> unit_steps(Embeddings(m[:, 0], m, torch.tensor([2])))
    tensor([[[0.6000, 0.8000],
             [0.0000, 0.0000],
             [0.0000, 0.0000]]])
    """
    matrix, lengths = embeddings.matrix, embeddings.lengths
    matrix = matrix.to(torch.promote_types(matrix.dtype, torch.float32))
    largest = matrix.detach().abs().amax(2, keepdim=True)
    heard = largest > SILENT
    real = mask(lengths, matrix.shape[1])
    if real is not None:
        heard = heard & real[:, :, None]
    # The largest value first, so that no square overflows or vanishes; the result does not depend on that scale, so its
    # gradient is none of ours. What is not heard is replaced before it is divided: its gradient is then 0, not 0/0.
    scaled = torch.where(heard, matrix, 1.0) / torch.where(heard, largest, 1.0)
    return torch.where(heard, scaled / scaled.square().sum(2, keepdim=True).sqrt(), 0.0)


def cosines(queries: Tensor, lanes: Tensor) -> Tensor:
    """`[q, a, c]`, `[c, b, m]` -> `[a, b, q * m]`, the references of a query side by side."""
    (q, a, c), (_, b, m) = queries.shape, lanes.shape
    products = queries.reshape(q * a, c) @ lanes.reshape(c, b * m)
    return products.view(q, a, b, m).permute(1, 2, 0, 3).reshape(a, b, q * m)


def limits(n: Tensor, m: Tensor, window: float) -> Tensor:
    """`[lanes]`: how far `abs(i * (m - 1) - j * (n - 1))` may go for the steps i of n and j of m to be compared.

    Sakoe & Chiba (1978), around the diagonal scaled to both lengths: positions i/(n-1) and j/(m-1) at most `window` apart. Never
    narrower than half a step of the shorter one, which leaves a path for any two lengths: the longer one's every step j has the
    shorter one's nearest step, i = round(j (n-1)/(m-1)), in the band, and that i grows by 0 or 1.

    >>> limits(torch.tensor([3, 3]), torch.tensor([40, 3]), 0.01), limits(torch.tensor([3]), torch.tensor([40]), 1.0)
    (tensor([19,  1]), tensor([78]))
    """
    asked = (window * ((n - 1) * (m - 1)).cpu().double()).floor().long().to(n.device)  # not every device has double precision
    return torch.maximum(asked, (torch.maximum(n, m) - 1) // 2)


def _tiles(lengths: list[int], most: Callable[[int], int]) -> Iterator[tuple[slice, int]]:
    """Equal parts of an ascending list, each at most as large as `most` allows for its longest, which comes along."""
    stop = len(lengths)
    while stop:
        size = max(1, most(lengths[stop - 1]))
        size = -(-stop // -(-stop // size))
        yield slice(stop - size, stop), lengths[stop - 1]
        stop -= size


class _Again(torch.autograd.Function):
    """A tile that keeps nothing but its inputs, and is computed again when its gradient is due.

    Unlike torch's own checkpoint it does not keep the graph's nodes either, of which a recursion has thousands a tile.
    """

    @staticmethod
    def forward(ctx: Any, work: Callable[[Tensor, Tensor], Tensor], query: Tensor, lanes: Tensor) -> Tensor:
        ctx.work = work
        ctx.save_for_backward(query, lanes)
        return work(query, lanes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *weights: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        wanted = ctx.needs_input_grad[1:]
        inputs = [some.detach().requires_grad_(want) for some, want in zip(ctx.saved_tensors, wanted, strict=True)]
        with torch.enable_grad():
            scores = ctx.work(*inputs)
        found = iter(torch.autograd.grad(scores, [some for some in inputs if some.requires_grad], weights[0]))
        return None, *(next(found) if want else None for want in wanted)


def pairwise(align: Align, queries: Embeddings, references: Embeddings, cells: int, kept: int, least: int = 1) -> Tensor:
    """Scores `[n, m]` of `align`: (cosines `[a, b, lanes]`, the queries' lengths `[lanes]`, the references') -> `[lanes]`.

    `cells` is how many pairs of steps a tile holds, about, but never fewer than `least` references. Alike lengths share a tile, so
    that little is computed in vain.
    With a gradient and more than `kept` pairs of steps in all, a tile's tables are not kept but computed again for its gradient.
    """
    query, reference = unit_steps(queries), unit_steps(references)
    n, n_order = queries.lengths.to(query.device).sort(stable=True)
    m, m_order = references.lengths.to(query.device).sort(stable=True)
    n_list, m_list = cast(list[int], n.tolist()), cast(list[int], m.tolist())
    if not n_list or not m_list:
        return query.new_zeros(len(n_list), len(m_list))
    query, reference = query[n_order], reference[m_order]
    again = torch.is_grad_enabled() and (query.requires_grad or reference.requires_grad) and sum(n_list) * sum(m_list) > kept

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
            scores = cast(Tensor, _Again.apply(strip, *inputs)) if again else strip(*inputs)
            strips.append(scores.view(-1, len(r)))
        blocks.append(torch.cat(strips[::-1]))
    return torch.cat(blocks[::-1], 1)[n_order.argsort()][:, m_order.argsort()]


def themselves(align: Align, embeddings: Embeddings, cells: int) -> Tensor:
    """`[n]`: what `align` gives for every input with itself."""
    steps, lengths = unit_steps(embeddings), embeddings.lengths.to(embeddings.matrix.device)
    size = max(1, cells // max(1, steps.shape[1]) ** 2)
    parts = [slice(start, start + size) for start in range(0, len(steps), size)] or [slice(0)]
    own = [align((steps[at] @ steps[at].mT).permute(1, 2, 0).contiguous(), lengths[at], lengths[at]) for at in parts]
    return torch.cat(own)


def longest(queries: Embeddings, references: Embeddings) -> Tensor:
    """`[n, m]`: the length of the longer of each pair."""
    device = queries.matrix.device
    return torch.maximum(queries.lengths.to(device)[:, None], references.lengths.to(device)[None])
