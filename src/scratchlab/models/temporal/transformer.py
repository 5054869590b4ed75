"""A Transformer encoder over the frames of an encoder: each step attends to all others (Vaswani et al., arXiv 1706.03762).

Layer normalisation precedes attention and feed-forward part inside the residual branch, and is applied once more at the end ("pre-LN",
Xiong et al., arXiv 2002.04745): such layers train without a warm-up. Departure from the paper: the frames are normalised once before
positional encodings are added, since the scale of an encoder's output is arbitrary and that of the encodings is 1.
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
from scratchlab.models.temporal.positions import Position, positional_encoding
from scratchlab.types import Embeddings


class Attention(nn.Module):
    """Multi-head self-attention: each head is softmax(Q K^T / sqrt(c / heads)) V; a linear map joins them (1706.03762, section 3.2)."""

    def __init__(self, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.queries_keys_values = nn.Linear(channels, 3 * channels)
        self.joined = nn.Linear(channels, channels)

    def forward(self, x: Tensor, real: Tensor | None) -> Tensor:
        """Attend over x `[n, t, c]`; real `[n, t]`: which steps may be attended to (None: all)."""
        n, t, channels = x.shape
        parts = self.queries_keys_values(x).view(n, t, 3, self.heads, channels // self.heads)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        attention_mask = None if real is None else real[:, None, None]
        dropout = self.dropout if self.training else 0.0
        heads = F.scaled_dot_product_attention(queries, keys, values, attn_mask=attention_mask, dropout_p=dropout)
        return self.joined(heads.transpose(1, 2).reshape(n, t, channels))


class Layer(nn.Module):
    """x + attention(norm(x)), then x + max(0, norm(x) A + a) B + b; 12c² + 13c parameters with 4c units in the feed-forward part."""

    def __init__(self, channels: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(channels), Attention(channels, heads, dropout)
        self.wide_norm, self.wide, self.narrow = nn.LayerNorm(channels), nn.Linear(channels, feedforward), nn.Linear(feedforward, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, real: Tensor | None) -> Tensor:
        """Apply the layer to x `[n, t, c]`; real `[n, t]` as in `Attention`."""
        x = x + self.dropout(self.attention(self.attention_norm(x), real))
        return x + self.dropout(self.narrow(F.relu(self.wide(self.wide_norm(x)))))


class Transformer(Temporal):
    """Maps matrices `[n, t, c]` to `[n, ceil(t / pool), c]`; the vector `[n, c]` is the mean of their real steps.

    dim, channels: d and c of the embeddings. Attention mixes channels and hence streams: no part of the result depends on one stream only.

    >>> import torch
    >>> embeddings = Transformer(32, 32, layers=1)(Embeddings.of(torch.rand(2, 7, 32)))
    >>> embeddings.vector.shape, embeddings.matrix.shape
    (torch.Size([2, 32]), torch.Size([2, 7, 32]))
    """

    keeps_streams = False

    def __init__(
        self,
        dim: int,
        channels: int,
        *,
        pool: Annotated[int, Field(ge=1, description="frames averaged into one step before attention")] = 1,
        layers: Annotated[int, Field(ge=1, description="layers of attention and feed-forward part")] = 2,
        heads: Annotated[int, Field(ge=1, description="attention heads; their number must divide the encoder's channels")] = 4,
        width: Annotated[float, Field(gt=0, description="units of the feed-forward part, in multiples of the channels")] = 4.0,
        dropout: Annotated[
            float, Field(ge=0, lt=1, description="dropout rate of attention weights, of each residual branch and of the input")
        ] = 0.1,
        position: Annotated[Position, Field(description="positional encoding; none: the vector ignores the order of steps")] = "sinusoidal",
        longest: Annotated[int, Field(ge=1, description="with learned positions: steps of the longest input")] = 512,
        centre: Centring = False,
    ) -> None:
        super().__init__()
        if channels % heads:
            divisors = [str(number) for number in range(1, channels + 1) if channels % number == 0]
            raise Problem(
                f"temporal.heads = {heads} does not divide the encoder's {channels} channels; these numbers do: {listing(divisors)}."
            )
        self.dim = self.channels = channels
        self.frames = Frames(dim, channels, pool=pool)
        self.input_norm, self.dropout = nn.LayerNorm(channels), nn.Dropout(dropout)
        self.position = positional_encoding(position, channels, longest)
        units = max(1, round(width * channels))
        self.layers = nn.ModuleList(Layer(channels, heads, units, dropout) for _ in range(layers))
        self.output_norm = nn.LayerNorm(channels)
        self.centre = Centre(channels) if centre else nn.Identity()

    def forward(self, embeddings: Embeddings) -> Embeddings:
        """Return the output of the last layer as the matrix, zero at and beyond the lengths, and its mean over real steps as the vector."""
        pooled = self.frames(embeddings)
        real = mask(pooled.lengths, pooled.matrix.shape[1])
        x = self.dropout(self.position(self.input_norm(pooled.matrix), pooled.lengths))
        for layer in self.layers:
            x = layer(x, real)
        x = self.output_norm(x)
        matrix = x if real is None else x * real[..., None]
        return self.centre(Embeddings(matrix.sum(1) / pooled.lengths[:, None], matrix, pooled.lengths))
