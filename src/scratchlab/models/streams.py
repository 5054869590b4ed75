"""An encoder for each stream of a front-end that splits sound into several, or one encoder for all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Annotated, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from scratchlab.models.interface import Encoder
from scratchlab.types import Embeddings, Image, Spectrogram

Build = Callable[[Spectrogram | Image], Encoder]
Weights = Literal["separate", "shared"]


class Streams(Encoder):
    """Spectrogram of k streams -> vector `[n, k · d]` and matrix `[n, t, k · c]`, the streams' own side by side in their order.

    separate: k encoders that share nothing. shared: one encoder that takes the streams of a batch as so many clips, k · n in all;
    its batch normalisation then has one mean and variance over all streams, so a stream's level tells it from the others.
    """

    def __init__(self, build: Build, form: Spectrogram, weights: Weights) -> None:
        super().__init__()
        one = dataclasses.replace(form, streams=())
        self.streams = form.streams
        self.shared = weights == "shared"
        encoders = [build(one) for _ in form.streams[: 1 if self.shared else None]]
        self.encoders = nn.ModuleList(encoders)
        self.dim, self.channels = len(form.streams) * encoders[0].dim, len(form.streams) * encoders[0].channels
        self.inputs_axis, self.repeats = encoders[0].inputs_axis, len(form.streams) if self.shared else 1

    @property
    def halfway(self) -> list[nn.Module]:
        """Half-way through every encoder: inputs are mixed stream by stream."""
        return [module for encoder in self.encoders for module in cast(Encoder, encoder).halfway]

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Features `[n, k, bands, frames]`, lengths `[n]` in frames -> Embeddings with the streams' names."""
        n, k = features.shape[:2]
        if self.shared:
            together = self.encoders[0](features.transpose(0, 1).flatten(0, 1)[:, None], lengths.repeat(k))
            made = [together.at(slice(i * n, i * n + n)) for i in range(k)]
        else:
            made = [encoder(features[:, i : i + 1], lengths) for i, encoder in enumerate(self.encoders)]
        vector, matrix = torch.cat([one.vector for one in made], 1), torch.cat([one.matrix for one in made], 2)
        return Embeddings(vector, matrix, made[0].lengths, self.streams)


def over_streams(
    build: Build,
    form: Spectrogram | Image,
    *,
    weights: Annotated[Weights, Field(description="of several streams: an encoder each, or one for all")] = "separate",
) -> Encoder:
    """The encoder that `build` makes of this form; where the form has streams, such encoders within `Streams`."""
    if isinstance(form, Spectrogram) and form.streams:
        return Streams(build, form, weights)
    return build(form)
