"""Speech taken apart by linear prediction: the vocal tract's envelope, and what excites it.

Makhoul (1975), "Linear prediction: a tutorial review", Proc. IEEE 63(4), autocorrelation method: the filter A of a frame X
minimises the power g of the error E = A X. Then on every line of the spectrum

    |X|² = g/|A|² · |E|² / g,    |E|² = |X|² |A|²,

so one short-time transform gives all streams and nothing is filtered in time:

speech: |X|², as log_mel hears it. envelope: g/|A|², the formants; its mean over the spectrum is that of |X|².
residual: |E|², the excitation: pitch and noise, its mean over the spectrum is g.

The autocorrelation is the transform of |X|². It repeats with the length of the transform, which is therefore twice as
long as log_mel's (every other line is then log_mel's) where window and order do not fit.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem, listing
from scratchlab.models.frontends.levinson import levinson
from scratchlab.models.frontends.mel import Bands, FloorDb, HighHz, HopMs, LowHz, MelFrontend, WindowMs, decibels, power
from scratchlab.types import Image, Waveform


class LPC(MelFrontend):
    """Waveform -> Spectrogram with a channel a stream, all in units of 20 dB above one floor: zero is silence, and so is padding.

    One floor for all: levels stay comparable, and the residual lies below the speech by what prediction removes. An order that
    reaches a pitch period (64 samples of 16 kHz: 250 Hz) predicts the pitch too, and the residual loses much of it.
    """

    chunk = 2**18  # twice log_mel's: the recursion is many small steps, which pay with more frames each

    def __init__(
        self,
        form: Waveform | Image = Waveform(16_000),
        *,
        order: Annotated[int, Field(description="samples that predict the next; about two a formant and two more", ge=1)] = 16,
        streams: Annotated[
            list[Literal["speech", "envelope", "residual"]],
            Field(description="what to yield, in this order: the spectrum, its formants, the excitation", min_length=1),
        ] = ["speech", "envelope", "residual"],
        bands: Bands = 40,
        window_ms: WindowMs = 30.0,
        hop_ms: HopMs = 10.0,
        low_hz: LowHz = 0.0,
        high_hz: HighHz = 0.0,
        floor_db: FloorDb = -100.0,
        preemphasis: Annotated[
            float, Field(description="p of the fixed zero 1 - p/z that predicts too, before the order's; 0 for none", ge=0, lt=1)
        ] = 0.0,
        white_noise: Annotated[
            float, Field(description="white noise, relative to a frame's power, that keeps prediction well posed", ge=1e-9, le=1)
        ] = 1e-4,
    ) -> None:
        names = tuple(streams) if len(streams) > 1 else ()  # one stream is a spectrogram like any other
        super().__init__(
            "lpc", form, bands=bands, window_ms=window_ms, hop_ms=hop_ms, low_hz=low_hz, high_hz=high_hz, floor_db=floor_db, streams=names
        )
        if len(set(streams)) != len(streams):
            raise Problem(f"frontend.streams names a stream twice: {listing(streams)}.")
        window = len(self.window)
        if order >= window:
            raise Problem(f"frontend.order = {order} does not fit: it must be below the {window} samples of a window.")
        self.streams, self.white_noise = streams, white_noise
        self.every = 1 if window + order < self.n_fft else 2  # the finer transform's lines that are log_mel's
        self.lags, waves = tables(self.n_fft * self.every, order, preemphasis)  # lags are no buffer: they stay float64
        waves = waves[:, :: self.every]
        self.waves: Tensor
        self.register_buffer("waves", torch.cat([waves.real, waves.imag], 1).float(), persistent=False)

    def streams_of(self, values: Tensor) -> Tensor:
        """Values `[n, samples]` -> decibels above the floor `[n, streams, bands, frames]`."""
        fine = power(values, self.window, self.n_fft * self.every, self.hop)
        speech = fine[:, :: self.every]
        whitening, left = prediction(fine, self.lags, self.waves, self.white_noise)
        spectra = {"speech": lambda: speech, "envelope": lambda: left / whitening, "residual": lambda: speech * whitening}
        return torch.stack([decibels(spectra[name](), self.filters, self.parts) for name in self.streams], 1)


def tables(n_fft: int, order: int, preemphasis: float) -> tuple[Tensor, Tensor]:
    """What turns |X|² into autocorrelations, `[order + 1, lines]` float64, and filters into their spectra, the same complex.

    Both include the fixed filter 1 - preemphasis / z.
    """
    turns = torch.arange(n_fft // 2 + 1) * torch.arange(order + 1)[:, None] % n_fft  # whole numbers, so that angles stay small
    waves = torch.polar(torch.ones((), dtype=torch.float64), turns.double() * (-2 * math.pi / n_fft))
    fixed = 1 - preemphasis * waves[1]
    share = torch.full((n_fft // 2 + 1,), 2 / n_fft, dtype=torch.float64)  # the other half of the spectrum mirrors this one
    share[0] = share[-1] = 1 / n_fft
    return waves.real * (share * fixed.abs().square()), waves * fixed


def prediction(fine: Tensor, lags: Tensor, waves: Tensor, white_noise: float) -> tuple[Tensor, Tensor]:
    """Powers |X|² `[n, fine lines, frames]` -> |A|² `[n, lines, frames]` and the power g `[n, 1, frames]` that prediction leaves.

    lags `[order + 1, fine lines]` and waves `[order + 1, 2 · lines]` (real parts, then imaginary) as `tables` makes them.
    The recursion magnifies rounding by up to 1 / white_noise: in float64 that is nothing, in float32 some tenths of a decibel.
    """
    n, _, frames = fine.shape
    exact = torch.float32 if fine.device.type == "mps" else torch.float64  # Apple's processors have no float64
    rows = fine.transpose(1, 2).flatten(0, 1)  # as they lie in memory
    a, left = levinson(lags.to(rows.device, exact) @ rows.to(exact).T, white_noise)
    real, imaginary = (a.T.to(fine.dtype) @ waves).square_().chunk(2, 1)
    whitening = real + imaginary
    return whitening.view(n, frames, -1).transpose(1, 2), left.to(fine.dtype).view(n, 1, frames)
