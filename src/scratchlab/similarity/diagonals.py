"""Dynamic time warping, hard (gamma 0) and soft, in torch: on any device, in any precision.

The cells of an anti-diagonal do not depend on each other, so each is one step on all its cells and lanes at once. In a table
`[a + 1, b + 1, lanes]` (a border row and column first) a step down and to the left is b rows of lanes further on: a diagonal
is a view, not a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

FAR = 1e30  # where no path leads; finite, so that no difference of two such is undefined


@dataclass(frozen=True)
class _Diagonal:
    """Views `[cells, lanes]` of a table: a diagonal, and what lies before its cells in both, in the query, in the reference."""

    here: Tensor
    corner: Tensor
    above: Tensor
    left: Tensor


def _diagonals(table: Tensor, order: Iterable[int]) -> Iterator[_Diagonal]:
    """The diagonals i + j = k of a table for the k in `order`, 2 being the first and a + b the last."""
    (a, b, lanes), flat = table.shape, table.view(-1)
    for k in order:
        first, last = max(1, k - b + 1), min(a - 1, k - 1)
        shape, strides, start = (last - first + 1, lanes), ((b - 1) * lanes, 1), (first * b + k - first) * lanes
        back = (0, b + 1, b, 1)
        yield _Diagonal(*(flat.as_strided(shape, strides, start - step * lanes) for step in back))


def costs(cosine: Tensor, n: Tensor, m: Tensor, limit: Tensor | None) -> Tensor:
    """1 - cosine within the band, `FAR` outside; `[a, b, lanes]`."""
    if limit is None:
        return 1 - cosine
    i = torch.arange(cosine.shape[0], device=cosine.device)[:, None, None]
    j = torch.arange(cosine.shape[1], device=cosine.device)[None, :, None]
    return torch.where((i * (m - 1) - j * (n - 1)).abs() > limit, FAR, 1 - cosine)


def fill(cosine: Tensor, n: Tensor, m: Tensor, limit: Tensor | None, gamma: float) -> tuple[Tensor, Tensor]:
    """The least total cost of each lane, `[lanes]`, and the table of those of all beginnings.

    Soft: Cuturi & Blondel (2017), algorithm 1, with the minimum taken out of the sum of exponentials.
    """
    a, b, lanes = cosine.shape
    table = cosine.new_zeros(a + 1, b + 1, lanes)
    table[1:, 1:] = costs(cosine, n, m, limit)
    table[1:, 0], table[0, 1:] = FAR, FAR
    for at in _diagonals(table, range(2, a + b + 1)):
        least = torch.minimum(torch.minimum(at.corner, at.above), at.left)
        if gamma:
            total = sum(((least - way) / gamma).exp() for way in (at.corner, at.above, at.left))
            least = least - gamma * torch.as_tensor(total).log()
        at.here.add_(least)
    return table[n, m, torch.arange(lanes, device=n.device)], table


def slope(table: Tensor, n: Tensor, m: Tensor, gamma: float, weight: Tensor) -> Tensor:
    """`[a, b, lanes]`: the gradient of the total costs by the costs, times `weight` `[lanes]`.

    Soft: algorithm 2 there, in the form that needs no costs: a cell hands what reaches it to the three before it, in the shares of
    their soft minimum. Hard: all to the least of the three, the diagonal first among equals.
    """
    (a, b, lanes), reached = table.shape, torch.zeros_like(table)
    reached[n, m, torch.arange(lanes, device=n.device)] = weight
    order = range(a + b - 2, 1, -1)
    for at, to in zip(_diagonals(table, order), _diagonals(reached, order), strict=True):
        if gamma:
            corner, above, left = torch.stack([at.corner, at.above, at.left]).div(-gamma).softmax(0)
        else:
            diagonal = (at.corner <= at.above) & (at.corner <= at.left)
            vertical = ~diagonal & (at.above <= at.left)
            corner, above, left = diagonal, vertical, ~(diagonal | vertical)
        to.corner.addcmul_(to.here, corner.to(to.here.dtype))
        to.above.addcmul_(to.here, above.to(to.here.dtype))
        to.left.addcmul_(to.here, left.to(to.here.dtype))
    return reached[1:, 1:]
