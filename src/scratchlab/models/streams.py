"""Encoders for front-ends that split sound into several streams: one encoder per stream, or one shared by all."""

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
    """Embeds a spectrogram of k streams as a vector `[n, k · d]` and a matrix `[n, t, k · c]`, which concatenate those of the streams.

    separate: k encoders that share no weights. shared: one encoder, to which the streams of a batch are k · n clips; its batch
    normalisation has one mean and variance over all streams, so differences in level between streams are kept.
    """

    def __init__(self, build: Build, form: Spectrogram, weights: Weights) -> None:
        super().__init__()
        stream_form = dataclasses.replace(form, streams=())
        self.streams = form.streams
        self.shared = weights == "shared"
        encoders = [build(stream_form) for _ in form.streams[: 1 if self.shared else None]]
        self.encoders = nn.ModuleList(encoders)
        self.dim, self.channels = len(form.streams) * encoders[0].dim, len(form.streams) * encoders[0].channels
        self.inputs_axis, self.repeats = encoders[0].inputs_axis, len(form.streams) if self.shared else 1

    @property
    def halfway(self) -> list[nn.Module]:
        """The half-way modules of every encoder: inputs are mixed stream by stream."""
        return [module for encoder in self.encoders for module in cast(Encoder, encoder).halfway]

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Embed features `[n, k, bands, frames]` with lengths `[n]` in frames; the embeddings carry the streams' names."""
        n, k = features.shape[:2]
        if self.shared:
            together = self.encoders[0](features.transpose(0, 1).flatten(0, 1)[:, None], lengths.repeat(k))
            parts = [together.at(slice(i * n, i * n + n)) for i in range(k)]
        else:
            parts = [encoder(features[:, i : i + 1], lengths) for i, encoder in enumerate(self.encoders)]
        vector, matrix = torch.cat([part.vector for part in parts], 1), torch.cat([part.matrix for part in parts], 2)
        return Embeddings(vector, matrix, parts[0].lengths, self.streams)


def over_streams(
    build: Build,
    form: Spectrogram | Image,
    *,
    weights: Annotated[Weights, Field(description="with several streams: one encoder per stream, or one shared by all")] = "separate",
) -> Encoder:
    """The encoder that `build` returns for this form; for a form with several streams, `Streams` of such encoders."""
    if isinstance(form, Spectrogram) and form.streams:
        return Streams(build, form, weights)
    return build(form)
