"""What makes the steps of the matrix out of an encoder's frames."""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from scratchlab.types import Embeddings


class Temporal(nn.Module):
    """Embeddings to embeddings. `dim`: d of the vector `[n, d]` it returns; `channels`: c of its matrix `[n, t, c]`.

    As with an encoder, an input's result must not depend on how far its batch is padded, rows at or beyond the lengths
    are zero, and an input of one step works. `keeps_streams`: whether the parts of an embedding still are one stream's each.
    """

    keeps_streams: ClassVar[bool] = True
    dim: int
    channels: int

    def forward(self, made: Embeddings) -> Embeddings:
        """An encoder's Embeddings -> Embeddings with steps of their own: `[n, t', channels]`, lengths `[n]` in these steps."""
        raise NotImplementedError
