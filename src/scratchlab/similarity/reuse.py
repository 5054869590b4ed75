"""Class matrices rebuilt from the primitives of other classes.

A class matrix `[t, c]` is a set of t primitives, its rows. Source: Zou et al. (2024), "Compositional Few-Shot Class-Incremental Learning",
arXiv 2405.17022, section 3.3 (primitive reuse).
"""

from __future__ import annotations

import torch
from torch import Tensor

from scratchlab.similarity.vector import squared_distance

NEVER = float("-inf")


def shares(primitives: Tensor, aux: float) -> Tensor:
    """`[n, t, c]` -> `[n t, n t]`: softmax over q of -aux · ‖p - q‖², where q may be any primitive of another class; rows sum to one.

    aux: the larger, the more the nearest counts alone. No gradient: what a primitive resembles is looked up, not learned. A class
    needs another one: with n = 1 there is no share to give.

    >>> shares(torch.tensor([[[0.0]], [[1.0]], [[3.0]]]), 0.5).round(decimals=2)
    tensor([[0.0000, 0.9800, 0.0200],
            [0.8200, 0.0000, 0.1800],
            [0.0800, 0.9200, 0.0000]])
    """
    (n, t, _), flat = primitives.shape, primitives.detach().flatten(0, 1)
    owner = torch.arange(n, device=flat.device).repeat_interleave(t)
    with torch.autocast(flat.device.type, enabled=False):  # aux magnifies rounding
        nearness = -aux * squared_distance(flat, flat)
    return nearness.masked_fill(owner[:, None] == owner[None], NEVER).softmax(1)


def rebuilt(primitives: Tensor, aux: float) -> Tensor:
    """`[n, t, c]` -> `[n, t, c]`: each primitive replaced by a mixture of the other classes', by `shares`.

    The gradient reaches the primitives that are mixed, never the one replaced.
    """
    return (shares(primitives, aux) @ primitives.flatten(0, 1)).view_as(primitives)
