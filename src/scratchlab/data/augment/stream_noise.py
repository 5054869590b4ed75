"""Noise added to the streams of a spectrogram, after the front-end ([augment.noise] adds noise to the waveform, before it).

Noise in the waveform also disturbs the front-end: linear prediction then fits its filters to speech and noise together. Noise added
after the front-end leaves the analysis as for clean speech, and can be added to single streams.
"""

from __future__ import annotations

import functools
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.data.augment.interface import Augment
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Image, Waveform

FRAMES = 4096  # length of the noise, which then repeats


class StreamNoise(Augment):
    """Adds white-noise power to the streams of some clips, at one signal-to-noise ratio per clip, relative to each stream's mean power.

    Spectrograms are `[n, streams, bands, frames]`, in units of 20 dB above the floor.

    Noise powers are exponentially distributed, as for one bin of a Fourier transform of white noise, and independent across bands, frames
    and streams; powers of real noise are correlated over a few frames.

    >>> speech = torch.ones(4, 3, 40, 101)
    >>> noisy = StreamNoise(snr=(0.0, 0.0), probability=1.0)(speech)
    >>> noisy.shape, round(float((10 ** (2 * noisy)).mean() / (10 ** (2 * speech)).mean()), 2)  # at 0 dB, noise is as strong as speech
    (torch.Size([4, 3, 40, 101]), 2.0)
    """

    domain, axes = "features", "n, streams, bands, frames"

    def __init__(
        self,
        form: Waveform | Image = Waveform(16_000),
        *,
        streams: Annotated[list[str], Field(description="streams of the front-end to which noise is added; empty: all")] = [],
        snr: Annotated[tuple[float, float], Field(description="lowest and highest signal-to-noise ratio, in dB")] = (0.0, 30.0),
        probability: Annotated[float, Field(gt=0, le=1, description="fraction of the clips to which noise is added")] = 0.8,
    ) -> None:
        if not isinstance(form, Waveform):
            raise Problem("[augment.stream_noise] adds noise to spectrograms, but this source provides images; remove it.")
        if snr[0] > snr[1]:
            raise Problem(f"augment.stream_noise.snr = {list(snr)} does not fit: write the lower ratio first.")
        self.noisy_streams, self.snr, self.probability = streams, snr, probability
        self.streams: tuple[str, ...] = ()

    def set_streams(self, streams: tuple[str, ...]) -> None:
        """Sets the names of the front-end's streams, none for a single one. Raises Problem where the settings name another stream."""
        for name in self.noisy_streams:
            if name not in streams:
                available = (
                    f"the streams are: {listing(streams)}.{nearest(name, streams)}"
                    if streams
                    else "the front-end has a single stream without a name."
                )
                raise Problem(f"augment.stream_noise.streams names '{name}', but {available}")
        self.streams = streams

    def augmented(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, streams, bands, frames]` in units of 20 dB above the floor -> the same shape; frames beyond `lengths` `[n]` stay zero."""
        channels, bands, frames = values.shape[1:]
        if self.streams and len(self.streams) != channels:
            raise Problem(f"augment.stream_noise expects {counted(len(self.streams), 'stream')}, but there are {channels}.")
        inside = torch.arange(frames, device=values.device) < lengths[:, None]
        noisy = (rng.uniform() < self.probability).to(values.device)
        gain = 10 ** (-rng.uniform(*self.snr) / 10)
        result = values.clone()
        for channel in [self.streams.index(name) for name in self.noisy_streams] or range(channels):
            position = (rng.integers(FRAMES)[:, None] + torch.arange(frames)) % FRAMES  # does not depend on the width of the batch
            noise = _bank(bands)[:, position].transpose(0, 1).to(values)
            power = torch.where(inside[:, None], 10 ** (2 * values[:, channel]), 0.0)
            level = gain.to(values)[:, None, None] * power.sum((1, 2), keepdim=True) / (noise * inside[:, None]).sum((1, 2), keepdim=True)
            total = (power + level * noise).log10() / 2
            result[:, channel] = torch.where(noisy[:, None, None] & inside[:, None], total, values[:, channel])
        return result


@functools.cache
def _bank(bands: int) -> Tensor:
    """Noise powers `[bands, FRAMES]`, exponentially distributed with mean 1; deterministic."""
    return torch.empty(bands, FRAMES).exponential_(generator=torch.Generator().manual_seed(0))
