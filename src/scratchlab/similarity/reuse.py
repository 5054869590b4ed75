"""Class matrices reconstructed from the primitives of other classes (primitive reuse).

A class matrix `[t, c]` is a set of t primitives, its rows. Source: Zou et al. (2024), "Compositional Few-Shot Class-Incremental Learning",
arXiv 2405.17022, section 3.3 (primitive reuse).
"""

from __future__ import annotations

import torch
from torch import Tensor

from scratchlab.similarity.vector import squared_distance


def attention(primitives: Tensor, aux: float) -> Tensor:
    """Attention weights `[n t, n t]` of primitives `[n, t, c]`: softmax over q of -aux · ‖p - q‖², q any primitive of another class.

    aux: sharpness of the attention; in the limit only the nearest primitive counts. The weights carry no gradient. Undefined (NaN) for
    n = 1, as there is no other class.

    >>> attention(torch.tensor([[[0.0]], [[1.0]], [[3.0]]]), 0.5).round(decimals=2)
    tensor([[0.0000, 0.9800, 0.0200],
            [0.8200, 0.0000, 0.1800],
            [0.0800, 0.9200, 0.0000]])
    """
    (n, t, _), flat = primitives.shape, primitives.detach().flatten(0, 1)
    label = torch.arange(n, device=flat.device).repeat_interleave(t)
    with torch.autocast(flat.device.type, enabled=False):  # aux amplifies rounding errors
        logits = -aux * squared_distance(flat, flat)
    return logits.masked_fill(label[:, None] == label[None], float("-inf")).softmax(1)


def rebuilt(primitives: Tensor, aux: float) -> Tensor:
    """Replace each primitive of `[n, t, c]` by the attention-weighted mean of the other classes' primitives.

    Gradients flow to the primitives that are averaged, not to the one that is replaced.
    """
    return (attention(primitives, aux) @ primitives.flatten(0, 1)).view_as(primitives)
