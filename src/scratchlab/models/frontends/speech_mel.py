"""The log-mel spectrogram that the pretrained encoder `speech_embedding` was trained on.

Lin et al. (2020), "Training Keyword Spotters with Limited and Synthesized Speech Data", arXiv 2002.01322: 32 bands from 60 to 3,800 Hz,
windows of 25 ms every 10 ms. Scale, floor and framing are those of the published networks (`melspectrogram.onnx` of openWakeWord).
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.models.frontends.mel import mel_filters
from scratchlab.models.interface import Frontend
from scratchlab.models.lengths import mask
from scratchlab.types import Image, Spectrogram, Waveform

RATE, N_FFT, WINDOW, HOP = 16_000, 512, 400, 160  # in Hz and samples
BANDS, LOW_HZ, HIGH_HZ = 32, 60.0, 3800.0
FULL_SCALE = 2.0**15  # the network was trained on samples of 16 bits
RANGE_DB = 80.0  # values further below the loudest are raised to that
FRAMES = 76  # of one window of the encoder, 775 ms
SHORTEST = (FRAMES - 1) * HOP + N_FFT  # samples of one window
MEMORY = 196  # frames whose loudest value the running floor follows, two seconds
SPEECH_DB = (
    95.0  # the least that counts as loudest: the median clip of fsdd; 19 of 20 Arabic clips are louder (docs/studies/running-loudest.md)
)

Loudest = Annotated[
    Literal["clip", "running"],
    Field(description="the maximum that the floor is 80 dB below: of the whole clip, or of the last two seconds, as a stream can know it"),
]


class SpeechMel(Frontend):
    """Turns waveforms `[n, samples]` at 16 kHz into log-mel spectrograms `[n, 1, 32, frames]`, in units of 10 dB, with silence before and
    after each clip.

    >>> features, lengths = SpeechMel(pad_ms=0)(torch.randn(2, 16_000))  # two seconds of sound: [n, 1, bands, frames] and [n]
    >>> features.shape, lengths.tolist()
    (torch.Size([2, 1, 32, 97]), [97, 97])
    """

    def __init__(
        self,
        form: Waveform | Image = Waveform(RATE),
        *,
        pad_ms: Annotated[float, Field(ge=0, description="silence added before and after each clip, in milliseconds")] = 500.0,
        loudest: Loudest = "clip",
    ) -> None:
        super().__init__()
        if not isinstance(form, Waveform):
            raise Problem("speech_mel reads sound, but the source gives images; use frontend.name = 'pixels'.")
        if form.rate != RATE:
            advice = "set data.rate = 16000, or use frontend.name = 'log_mel'"
            raise Problem(f"speech_mel reads sound at 16,000 Hz, but the source gives {form.rate:,} Hz; {advice}.")
        self.input_form, self.form = form, Spectrogram(BANDS, kind="speech_mel")
        self.pad, self.loudest = round(pad_ms * RATE / 1000), loudest
        self.filters: Tensor
        self.window: Tensor
        filters = mel_filters(RATE, N_FFT, BANDS, LOW_HZ, HIGH_HZ) * FULL_SCALE**2
        self.register_buffer("filters", filters.float(), persistent=False)
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features `[n, 1, 32, frames]` and lengths `[n]` in frames, at least 76, of values `[n, samples]` and lengths `[n]` in samples."""
        real = mask(lengths, values.shape[1])
        if real is not None:
            values = values * real
        decibels = self.decibels(F.pad(values, (self.pad, self.padding_after(values.shape[1]))))
        frames = (1 + torch.div(lengths + 2 * self.pad - N_FFT, HOP, rounding_mode="floor")).clamp_min(FRAMES)
        real = mask(frames, decibels.shape[2])
        if real is not None:
            decibels = decibels.masked_fill(~real[:, None], -100.0)
        loudest = decibels.amax(1, keepdim=True)
        loudest = loudest.amax(2, keepdim=True) if self.loudest == "clip" else running_loudest(loudest)
        features = scaled(decibels, loudest)
        return features if real is None else features * real[:, None, None], frames

    def padding_after(self, samples: int) -> int:
        """The samples of silence that follow a clip of this many, so that it has 76 frames or more."""
        return max(self.pad, SHORTEST - self.pad - samples)

    def decibels(self, values: Tensor) -> Tensor:
        """Decibels `[n, 32, frames]` of values `[n, samples]` as they are, without a floor."""
        with torch.autocast(values.device.type, enabled=False):  # the range of powers exceeds half precision
            spectra = torch.stft(values.float(), N_FFT, HOP, WINDOW, self.window, center=False, return_complex=True)
            mel_power = self.filters @ (spectra.real.square() + spectra.imag.square())
            return 10 * mel_power.clamp_min(1e-10).log10()


def running_loudest(loudest: Tensor, before: Tensor | None = None) -> Tensor:
    """The loudest of each value and the 195 before it, at least `SPEECH_DB`: `[n, 1, frames]`, of the frames' loudest `[n, 1, frames]`.

    before: the 195 values before the first, `[n, 1, 195]`; None at the start. After a bang, quiet sounds are heard again in two seconds.
    The least value keeps silence at the level of a quiet room behind speech; features far below it were not in the network's training.
    """
    before = loudest.new_full((*loudest.shape[:2], MEMORY - 1), SPEECH_DB) if before is None else before
    return F.max_pool1d(torch.cat([before, loudest], 2).clamp_min(SPEECH_DB), MEMORY, 1)


def scaled(decibels: Tensor, loudest: Tensor) -> Tensor:
    """Features `[n, 1, bands, frames]` in units of 10 dB, of decibels `[n, bands, frames]`, none more than 80 dB below the loudest."""
    return (torch.maximum(decibels, loudest - RANGE_DB) / 10 + 2)[:, None]
