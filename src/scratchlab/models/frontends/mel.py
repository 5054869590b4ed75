"""Framing and mel filter banks, shared by log_mel and lpc.

Slaney's mel scale (Auditory Toolbox, 1998: linear below 1 kHz, logarithmic above) with triangular filters of equal area; gives the same
numbers as librosa's `power_to_db(feature.melspectrogram(...))`.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.models.interface import Frontend
from scratchlab.models.lengths import mask
from scratchlab.types import Image, Spectrogram, Waveform

Bands = Annotated[int, Field(description="mel bands", ge=1)]
WindowMs = Annotated[float, Field(description="length of the Hann window in milliseconds", gt=0)]
HopMs = Annotated[float, Field(description="milliseconds from frame to frame", gt=0)]
LowHz = Annotated[float, Field(description="lower edge of the lowest band", ge=0)]
HighHz = Annotated[float, Field(description="upper edge of the highest band; 0 for half the sampling rate", ge=0)]
FloorDb = Annotated[float, Field(description="power in decibels at or below which a band counts as silent", le=0)]

CORNER_HZ, CORNER_MEL, OCTAVE_STEP = 1000.0, 15.0, math.log(6.4) / 27  # above the corner, 27 mels multiply the frequency by 6.4
CHUNK = 2**17  # samples transformed at once: few enough that their spectra fit into the CPU's cache


def mel(hz: float) -> float:
    """Convert hertz to Slaney's mel scale.

    >>> mel(500.0), mel(1000.0), mel(6400.0)
    (7.5, 15.0, 42.0)
    """
    return hz * CORNER_MEL / CORNER_HZ if hz < CORNER_HZ else CORNER_MEL + math.log(hz / CORNER_HZ) / OCTAVE_STEP


def mel_filters(rate: int, n_fft: int, bands: int, low_hz: float, high_hz: float) -> Tensor:
    """Triangular filters `[bands, n_fft // 2 + 1]` float64, each of unit area over hertz, equally spaced on the mel scale."""
    steps = torch.linspace(mel(low_hz), mel(high_hz), bands + 2, dtype=torch.float64)
    edges = torch.where(steps < CORNER_MEL, steps * (CORNER_HZ / CORNER_MEL), CORNER_HZ * torch.exp(OCTAVE_STEP * (steps - CORNER_MEL)))
    low, centre, high = (edges[i : i + bands, None] for i in range(3))
    bins = torch.linspace(0, rate / 2, n_fft // 2 + 1, dtype=torch.float64)
    return torch.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)).clamp_min(0) * (2 / (high - low))


def nonzero_parts(filters: Tensor, parts: int = 4) -> list[tuple[slice, slice]]:
    """Split filters `[bands, bins]`, which are mostly zero, into ranges of bands, each with the range of bins where it is not zero."""
    ranges: list[tuple[slice, slice]] = []
    for bands in torch.arange(len(filters)).tensor_split(min(parts, len(filters))):
        bins = filters[bands].sum(0).nonzero()
        ranges.append((slice(int(bands[0]), int(bands[-1]) + 1), slice(int(bins[0]), int(bins[-1]) + 1)))
    return ranges


def power(values: Tensor, window: Tensor, n_fft: int, hop: int) -> Tensor:
    """Power spectra |X|² of all frames, `[n, n_fft // 2 + 1, 1 + samples // hop]`, of values `[n, samples]`.

    Frame i is centred on sample i · hop, with zeros before the first sample and after the last.
    """
    spectra = torch.stft(values, n_fft, hop, len(window), window, center=True, pad_mode="constant", return_complex=True)
    return spectra.real.square() + spectra.imag.square()


def decibels(spectra: Tensor, filters: Tensor, parts: list[tuple[slice, slice]]) -> Tensor:
    """Decibels above the floor, 0 or more, `[n, bands, frames]`, of power spectra `[n, bins, frames]`.

    filters: `[bands, bins]`, in units of the floor's power; parts: their `nonzero_parts`.
    """
    mel_power = torch.cat([filters[bands, bins] @ spectra[:, bins] for bands, bins in parts], 1)
    return mel_power.clamp_min_(1).log10_().mul_(10)


class MelFrontend(Frontend):
    """Base class of front-ends whose features are decibels in mel bands; a subclass defines the spectra in `streams_of`."""

    chunk = CHUNK

    def __init__(
        self,
        name: str,
        form: Waveform | Image,
        *,
        bands: int,
        window_ms: float,
        hop_ms: float,
        low_hz: float,
        high_hz: float,
        floor_db: float,
        streams: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        if not isinstance(form, Waveform):
            raise Problem(f"{name} reads sound, but the source gives images; use frontend.name = 'pixels'.")
        high_hz = high_hz or form.rate / 2
        if not low_hz < high_hz <= form.rate / 2:
            raise Problem(
                f"{name} needs low_hz < high_hz <= {form.rate / 2:g} Hz, half the source's rate; they are {low_hz:g} and {high_hz:g}."
            )
        window, self.hop = max(1, round(form.rate * window_ms / 1000)), max(1, round(form.rate * hop_ms / 1000))
        self.n_fft = 1 << max(1, (window - 1).bit_length())
        filters = mel_filters(form.rate, self.n_fft, bands, low_hz, high_hz)
        empty = int((filters.sum(1) == 0).sum())
        if empty:
            raise Problem(
                f"{empty} of {name}'s {bands} bands are narrower than the {form.rate / self.n_fft:.0f} Hz between two bins of the "
                "spectrum and would stay empty; use fewer bands or a longer window_ms."
            )
        self.input_form, self.form = form, Spectrogram(bands, streams)
        self.parts = nonzero_parts(filters)
        self.filters: Tensor
        self.window: Tensor
        self.register_buffer("filters", (filters * 10 ** (-floor_db / 10)).float(), persistent=False)
        self.register_buffer("window", torch.hann_window(window, dtype=torch.float64).float(), persistent=False)

    def streams_of(self, values: Tensor) -> Tensor:
        """Decibels above the floor `[n, streams, bands, frames]` of values `[n, samples]`, whose padding is zero."""
        raise NotImplementedError

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features `[n, streams, bands, frames]` in units of 20 dB above the floor, and lengths `[n]` in frames, of values `[n, samples]`
        with lengths `[n]` in samples.
        """
        real_samples = mask(lengths, values.shape[1])
        if real_samples is not None:
            values = values * real_samples
        clips = len(values) if torch.compiler.is_exporting() else max(1, self.chunk // max(1, values.shape[1]))
        with torch.autocast(values.device.type, enabled=False):  # the range of powers exceeds half precision
            features = torch.cat([self.streams_of(values[i : i + clips]) for i in range(0, len(values), clips)]).div_(20)
        frames = 1 + torch.div(lengths, self.hop, rounding_mode="floor")
        real = mask(frames, features.shape[3])
        return features if real is None else features * real[:, None, None], frames
