"""Padded matrices: masks of real steps, reversal and resampling."""

from __future__ import annotations

import torch
from torch import Tensor

from scratchlab.types import Embeddings


def real_steps(embeddings: Embeddings) -> Tensor:
    """Mask `[n, t]`, true for steps within their matrix's length."""
    return torch.arange(embeddings.matrix.shape[1], device=embeddings.lengths.device) < embeddings.lengths[:, None]


def reversed_steps(embeddings: Embeddings) -> Embeddings:
    """The embeddings with the real steps of each matrix reversed; vectors are unchanged."""
    place = torch.arange(embeddings.matrix.shape[1], device=embeddings.lengths.device)
    source = (embeddings.lengths[:, None] - 1 - place).clamp_min(0)
    backwards = embeddings.matrix.gather(1, source[..., None].expand_as(embeddings.matrix)) * real_steps(embeddings)[..., None]
    return Embeddings(embeddings.vector, backwards, embeddings.lengths, embeddings.streams)


def resampled(embeddings: Embeddings, steps: int) -> Tensor:
    """Resample each matrix linearly to `steps` equally spaced positions from its first to its last real step: `[n, steps, c]`."""
    last = (embeddings.lengths - 1).to(embeddings.matrix.dtype)
    place = torch.linspace(0, 1, steps, device=last.device, dtype=last.dtype) * last[:, None]
    below = place.floor().long()
    above = torch.minimum(below + 1, (embeddings.lengths - 1)[:, None])
    weight = (place - below)[..., None]
    channels = embeddings.matrix.shape[2]
    low, high = (embeddings.matrix.gather(1, index[..., None].expand(-1, -1, channels)) for index in (below, above))
    return torch.lerp(low, high, weight)
