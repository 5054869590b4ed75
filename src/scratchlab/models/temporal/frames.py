"""Temporal average pooling of the encoder's frames, or none."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import nn

from scratchlab.models.lengths import strided
from scratchlab.models.temporal.centre import Centre, Centring
from scratchlab.models.temporal.interface import Temporal
from scratchlab.types import Embeddings


class Frames(Temporal):
    """Pools matrices `[n, t, c]` to `[n, ceil(t / pool), c]`; vectors are unchanged. The identity without pooling and centring.

    dim, channels: d and c of the embeddings.

    >>> embeddings = Embeddings.of(torch.rand(2, 7, 32))
    >>> Frames(32, 32, pool=2)(embeddings).matrix.shape
    torch.Size([2, 4, 32])
    """

    def __init__(
        self,
        dim: int,
        channels: int,
        *,
        pool: Annotated[int, Field(ge=1, description="frames averaged into one step of the matrix")] = 1,
        centre: Centring = False,
    ) -> None:
        super().__init__()
        self.centre = Centre(channels) if centre else nn.Identity()
        self.dim, self.channels, self.pool = dim, channels, pool

    def forward(self, embeddings: Embeddings) -> Embeddings:
        """Return embeddings whose steps each cover `pool` frames."""
        return self.centre(embeddings if self.pool == 1 else self._pooled(embeddings))

    def _pooled(self, embeddings: Embeddings) -> Embeddings:
        """Each step is the mean of the real frames that it covers; the last step may cover fewer than `pool`."""
        n, frames, channels = embeddings.matrix.shape
        steps = (frames + self.pool - 1) // self.pool  # not -(-frames // pool): graphs round towards zero
        padded = F.pad(embeddings.matrix, (0, 0, 0, steps * self.pool - frames))  # zeros, like the padding: they do not change sums
        starts = self.pool * torch.arange(steps, device=embeddings.lengths.device)
        real = (embeddings.lengths[:, None] - starts).clamp(1, self.pool)  # at least 1, since steps of padding cover no frame
        matrix = padded.view(n, steps, self.pool, channels).sum(2) / real[..., None]
        return Embeddings(embeddings.vector, matrix, strided(embeddings.lengths, self.pool), embeddings.streams)
