"""A Transformer's encoder over an encoder's frames: each step sees all others (Vaswani et al., arXiv 1706.03762).

Normalisation stands before each part, in the residual branch, and once more at the end (Xiong et al., arXiv 2002.04745,
"pre-LN"): such layers train without a warm-up. Departure: the frames are normalised once before their places are added,
since the size of an encoder's output is its own affair and the places' is 1.
"""

from __future__ import annotations

from typing import Annotated

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from scratchlab.checks import Problem, listing
from scratchlab.models.lengths import mask
from scratchlab.models.temporal.centre import Centre, Centring
from scratchlab.models.temporal.frames import Frames
from scratchlab.models.temporal.interface import Temporal
from scratchlab.models.temporal.positions import Position, placed
from scratchlab.types import Embeddings


class Attention(nn.Module):
    """Every head is softmax(Q K^T / sqrt(c / heads)) V; a linear map joins them (1706.03762, section 3.2)."""

    def __init__(self, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.queries_keys_values = nn.Linear(channels, 3 * channels)
        self.joined = nn.Linear(channels, channels)

    def forward(self, x: Tensor, real: Tensor | None) -> Tensor:
        """x `[n, t, c]`; real `[n, t]`: which steps may be looked at, all of them if None."""
        n, t, channels = x.shape
        parts = self.queries_keys_values(x).view(n, t, 3, self.heads, channels // self.heads)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        seen = None if real is None else real[:, None, None]
        dropout = self.dropout if self.training else 0.0
        found = F.scaled_dot_product_attention(queries, keys, values, attn_mask=seen, dropout_p=dropout)
        return self.joined(found.transpose(1, 2).reshape(n, t, channels))


class Layer(nn.Module):
    """x + attention(norm(x)), then x + max(0, norm(x) A + a) B + b: 12c² + 13c parameters with a feed-forward part of 4c units."""

    def __init__(self, channels: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(channels), Attention(channels, heads, dropout)
        self.wide_norm, self.wide, self.narrow = nn.LayerNorm(channels), nn.Linear(channels, feedforward), nn.Linear(feedforward, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, real: Tensor | None) -> Tensor:
        """x `[n, t, c]` -> the same shape; real as for the attention."""
        x = x + self.dropout(self.attention(self.attention_norm(x), real))
        return x + self.dropout(self.narrow(F.relu(self.wide(self.wide_norm(x)))))


class Transformer(Temporal):
    """Matrix `[n, t, c]` -> `[n, ceil(t / pool), c]`, and their mean `[n, c]` as the vector.

    Attention mixes channels, and with them streams: no part of the result is one stream's alone.
    """

    keeps_streams = False

    def __init__(
        self,
        dim: int,
        channels: int,
        *,
        pool: Annotated[int, Field(ge=1, description="frames averaged into one step before attention")] = 1,
        layers: Annotated[int, Field(ge=1, description="layers of attention and feed-forward part")] = 2,
        heads: Annotated[int, Field(ge=1, description="heads of attention; they share the encoder's channels evenly")] = 4,
        width: Annotated[float, Field(gt=0, description="units of the feed-forward part, in multiples of the channels")] = 4.0,
        dropout: Annotated[
            float, Field(ge=0, lt=1, description="share dropped of attention weights, of each branch and of the input")
        ] = 0.1,
        position: Annotated[Position, Field(description="how a step knows its place; none: the vector ignores the order")] = "sinusoidal",
        longest: Annotated[int, Field(ge=1, description="steps of the longest input, for learned positions")] = 512,
        centre: Centring = False,
    ) -> None:
        super().__init__()
        if channels % heads:
            fitting = [str(number) for number in range(1, channels + 1) if channels % number == 0]
            raise Problem(
                f"temporal.heads = {heads} does not divide the encoder's {channels} channels; these numbers do: {listing(fitting)}."
            )
        self.dim = self.channels = channels
        self.frames = Frames(dim, channels, pool=pool)
        self.input_norm, self.dropout = nn.LayerNorm(channels), nn.Dropout(dropout)
        self.position = placed(position, channels, longest)
        units = max(1, round(width * channels))
        self.layers = nn.ModuleList(Layer(channels, heads, units, dropout) for _ in range(layers))
        self.output_norm = nn.LayerNorm(channels)
        self.centre = Centre(channels) if centre else nn.Identity()

    def forward(self, made: Embeddings) -> Embeddings:
        """The steps after all layers, zero at and beyond their lengths; the vector is the mean of the real ones."""
        pooled = self.frames(made)
        real = mask(pooled.lengths, pooled.matrix.shape[1])
        x = self.dropout(self.position(self.input_norm(pooled.matrix), pooled.lengths))
        for layer in self.layers:
            x = layer(x, real)
        x = self.output_norm(x)
        matrix = x if real is None else x * real[..., None]
        return self.centre(Embeddings(matrix.sum(1) / pooled.lengths[:, None], matrix, pooled.lengths))
