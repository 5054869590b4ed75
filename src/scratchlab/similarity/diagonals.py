"""DTW (gamma 0) and soft-DTW in torch: on any device, in any precision.

The cells of an anti-diagonal do not depend on each other, so they are computed at once, for all lanes (pairs of inputs). In a table
`[a + 1, b + 1, lanes]` (border row and column first), the next cell of an anti-diagonal lies b rows of lanes further on: an anti-diagonal
is a view, not a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

FAR = 1e30  # cost of cells that no path reaches; finite, so that differences are defined


@dataclass(frozen=True)
class _Diagonal:
    """Views `[cells, lanes]` of a table: an anti-diagonal, and its cells' predecessors in both inputs, in the query, in the reference."""

    here: Tensor
    corner: Tensor
    above: Tensor
    left: Tensor


def _diagonals(table: Tensor, order: Iterable[int]) -> Iterator[_Diagonal]:
    """Yield the anti-diagonals i + j = k of a table for the k in `order`; the first is 2, the last a + b."""
    (a, b, lanes), flat = table.shape, table.view(-1)
    for k in order:
        first, last = max(1, k - b + 1), min(a - 1, k - 1)
        shape, strides, start = (last - first + 1, lanes), ((b - 1) * lanes, 1), (first * b + k - first) * lanes
        back = (0, b + 1, b, 1)
        yield _Diagonal(*(flat.as_strided(shape, strides, start - step * lanes) for step in back))


def costs(cosine: Tensor, n: Tensor, m: Tensor, limit: Tensor | None) -> Tensor:
    """Costs `[a, b, lanes]`: 1 - cosine within the window, `FAR` outside."""
    if limit is None:
        return 1 - cosine
    i = torch.arange(cosine.shape[0], device=cosine.device)[:, None, None]
    j = torch.arange(cosine.shape[1], device=cosine.device)[None, :, None]
    return torch.where((i * (m - 1) - j * (n - 1)).abs() > limit, FAR, 1 - cosine)


def fill(cosine: Tensor, n: Tensor, m: Tensor, limit: Tensor | None, gamma: float) -> tuple[Tensor, Tensor]:
    """The minimal total cost of each lane, `[lanes]`, and the table of minimal costs of all prefixes.

    Soft: Cuturi & Blondel (2017), algorithm 1, with the minimum factored out of the sum of exponentials.
    """
    a, b, lanes = cosine.shape
    table = cosine.new_zeros(a + 1, b + 1, lanes)
    table[1:, 1:] = costs(cosine, n, m, limit)
    table[1:, 0], table[0, 1:] = FAR, FAR
    for at in _diagonals(table, range(2, a + b + 1)):
        least = torch.minimum(torch.minimum(at.corner, at.above), at.left)
        if gamma:
            total = sum(((least - before) / gamma).exp() for before in (at.corner, at.above, at.left))
            least = least - gamma * torch.as_tensor(total).log()
        at.here.add_(least)
    return table[n, m, torch.arange(lanes, device=n.device)], table


def slope(table: Tensor, n: Tensor, m: Tensor, gamma: float, weight: Tensor) -> Tensor:
    """The gradient of the total costs by the costs, times `weight` `[lanes]`: `[a, b, lanes]`.

    Soft: algorithm 2 of the same paper, in a form that needs no costs: each cell distributes its gradient to its three predecessors by the
    softmax weights of their soft minimum. Hard: all of it to the smallest, preferring the diagonal one among equals.
    """
    (a, b, lanes), gradient = table.shape, torch.zeros_like(table)
    gradient[n, m, torch.arange(lanes, device=n.device)] = weight
    order = range(a + b - 2, 1, -1)
    for at, to in zip(_diagonals(table, order), _diagonals(gradient, order), strict=True):
        if gamma:
            corner, above, left = torch.stack([at.corner, at.above, at.left]).div(-gamma).softmax(0)
        else:
            diagonal = (at.corner <= at.above) & (at.corner <= at.left)
            vertical = ~diagonal & (at.above <= at.left)
            corner, above, left = diagonal, vertical, ~(diagonal | vertical)
        to.corner.addcmul_(to.here, corner.to(to.here.dtype))
        to.above.addcmul_(to.here, above.to(to.here.dtype))
        to.left.addcmul_(to.here, left.to(to.here.dtype))
    return gradient[1:, 1:]
