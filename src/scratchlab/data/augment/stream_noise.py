"""Noise added after the analysis: to the streams of a spectrogram, where [augment.noise] adds it to the sound before.

Noise before the analysis disturbs the analysis too: the filters of linear prediction fit speech and noise together. Noise after it
leaves every stream's analysis as that of clean speech, and can be given to one stream alone.
"""

from __future__ import annotations

import functools
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Image, Waveform

FRAMES = 4096  # of the noise, which then repeats


class StreamNoise:
    """Adds the powers of white noise to some clips' streams: one level a clip, in dB below each stream's own mean power.

    A power is exponentially distributed, as that of one line of a transform of noise, and each band, frame and stream has its own;
    those of real noise hang together over some frames.
    """

    domain = "features"

    def __init__(
        self,
        form: Waveform | Image,
        *,
        streams: Annotated[list[str], Field(description="streams of the front-end that get noise; empty: all")] = [],
        snr: Annotated[tuple[float, float], Field(description="lowest and highest ratio of a stream to its noise, in dB")] = (0.0, 30.0),
        probability: Annotated[float, Field(gt=0, le=1, description="share of the clips that get noise")] = 0.8,
    ) -> None:
        if not isinstance(form, Waveform):
            raise Problem("[augment.stream_noise] adds noise to spectrograms of sound; this source gives images, so leave it out.")
        if snr[0] > snr[1]:
            raise Problem(f"augment.stream_noise.snr = {list(snr)} does not fit: write the lower ratio first.")
        self.wanted, self.snr, self.probability = streams, snr, probability
        self.names: tuple[str, ...] = ()

    def told(self, streams: tuple[str, ...]) -> None:
        """The names of the front-end's streams, none for a single one. Raises Problem for a name in the settings that is none of them."""
        for name in self.wanted:
            if name not in streams:
                there = (
                    f"the streams are: {listing(streams)}.{nearest(name, streams)}"
                    if streams
                    else "the front-end's one stream has no name."
                )
                raise Problem(f"augment.stream_noise.streams names '{name}', but {there}")
        self.names = streams

    def __call__(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, streams, bands, frames]` in units of 20 dB above the floor -> the same shape; frames beyond `lengths` `[n]` stay zero."""
        channels, bands, frames = values.shape[1:]
        if self.names and len(self.names) != channels:
            raise Problem(f"augment.stream_noise expects {counted(len(self.names), 'stream')}, but there are {channels}.")
        real = torch.arange(frames, device=values.device) < lengths[:, None]
        wanted = (rng.uniform() < self.probability).to(values.device)
        gain = 10 ** (-rng.uniform(*self.snr) / 10)
        changed = values.clone()
        for channel in [self.names.index(name) for name in self.wanted] or range(channels):
            place = (rng.integers(FRAMES)[:, None] + torch.arange(frames)) % FRAMES  # whatever the width of the batch
            noise = _bank(bands)[:, place].transpose(0, 1).to(values)
            heard = torch.where(real[:, None], 10 ** (2 * values[:, channel]), 0.0)
            level = gain.to(values)[:, None, None] * heard.sum((1, 2), keepdim=True) / (noise * real[:, None]).sum((1, 2), keepdim=True)
            louder = (heard + level * noise).log10() / 2
            changed[:, channel] = torch.where(wanted[:, None, None] & real[:, None], louder, values[:, channel])
        return changed


@functools.cache
def _bank(bands: int) -> Tensor:
    """Powers of noise `[bands, FRAMES]`, exponentially distributed, of mean one; the same every time."""
    return torch.empty(bands, FRAMES).exponential_(generator=torch.Generator().manual_seed(0))
