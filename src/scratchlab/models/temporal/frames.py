"""The encoder's frames as they are, or the means of a few that follow each other."""

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
    """Matrix `[n, t, c]` -> `[n, ceil(t / pool), c]`; the vector stays. Without pooling and centring the embeddings pass untouched."""

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

    def forward(self, made: Embeddings) -> Embeddings:
        """Steps that each cover `pool` frames."""
        return self.centre(made if self.pool == 1 else self._pooled(made))

    def _pooled(self, made: Embeddings) -> Embeddings:
        """Each step is the mean of the real frames it covers: the last one's may be fewer than `pool`."""
        n, frames, channels = made.matrix.shape
        steps = -(-frames // self.pool)
        whole = F.pad(made.matrix, (0, 0, 0, steps * self.pool - frames))  # zeros, as beyond the lengths: sums do not feel them
        begins = self.pool * torch.arange(steps, device=made.lengths.device)
        real = (made.lengths[:, None] - begins).clamp(1, self.pool)  # one at least, where a step covers nothing
        matrix = whole.view(n, steps, self.pool, channels).sum(2) / real[..., None]
        return Embeddings(made.vector, matrix, strided(made.lengths, self.pool), made.streams)
