"""The steps of padded matrices: which are real, backwards, resampled."""

from __future__ import annotations

import torch
from torch import Tensor

from scratchlab.types import Embeddings


def real_steps(embeddings: Embeddings) -> Tensor:
    """`[n, t]`: true where a step lies within its matrix's length."""
    return torch.arange(embeddings.matrix.shape[1], device=embeddings.lengths.device) < embeddings.lengths[:, None]


def reversed_steps(embeddings: Embeddings) -> Embeddings:
    """The same embeddings with the real steps of each matrix backwards; vectors as they are."""
    place = torch.arange(embeddings.matrix.shape[1], device=embeddings.lengths.device)
    source = (embeddings.lengths[:, None] - 1 - place).clamp_min(0)
    backwards = embeddings.matrix.gather(1, source[..., None].expand_as(embeddings.matrix)) * real_steps(embeddings)[..., None]
    return Embeddings(embeddings.vector, backwards, embeddings.lengths, embeddings.streams)


def resampled(embeddings: Embeddings, steps: int) -> Tensor:
    """`[n, steps, c]`: each matrix at `steps` equal distances from its first real step to its last, linear in between."""
    last = (embeddings.lengths - 1).to(embeddings.matrix.dtype)
    place = torch.linspace(0, 1, steps, device=last.device, dtype=last.dtype) * last[:, None]
    below = place.floor().long()
    above = torch.minimum(below + 1, (embeddings.lengths - 1)[:, None])
    share = (place - below)[..., None]
    channels = embeddings.matrix.shape[2]
    low, high = (embeddings.matrix.gather(1, index[..., None].expand(-1, -1, channels)) for index in (below, above))
    return torch.lerp(low, high, share)
