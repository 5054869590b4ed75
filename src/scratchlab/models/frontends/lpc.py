"""Linear predictive coding (LPC): speech separated into the spectral envelope of the vocal tract and its excitation.

Makhoul (1975), "Linear prediction: a tutorial review", Proc. IEEE 63(4), autocorrelation method: the filter A of a frame X
minimises the power g of the error E = A X. Then at every frequency bin

    |X|² = g/|A|² · |E|² / g,    |E|² = |X|² |A|²,

so one short-time Fourier transform gives all streams, without filtering in time:

speech: |X|², as in log_mel. envelope: g/|A|², the formants; its mean over the spectrum equals that of |X|².
residual: |E|², the excitation (pitch and noise); its mean over the spectrum is g.

The autocorrelation is the Fourier transform of |X|². It is circular with the FFT's length: if that is less than window + order, the FFT is
made twice as long as log_mel's, and every other bin equals log_mel's.
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
    """Turns a waveform into a spectrogram with one channel per stream, in units of 20 dB above the floor: silence and padding are 0.

    Waveforms `[n, samples]` give features `[n, streams, bands, frames]` and lengths `[n]` in frames. All streams have the same floor, so
    levels are comparable: the residual lies below the speech by the prediction gain. If the order reaches a pitch
    period (64 samples at 16 kHz: 250 Hz), the filter predicts the pitch too, and the residual loses much of it.

    >>> lpc = LPC()
    >>> lpc(torch.randn(2, 16_000))[0].shape, lpc.form.streams
    (torch.Size([2, 3, 40, 101]), ('speech', 'envelope', 'residual'))
    """

    chunk = 2**18  # twice log_mel's: the recursion consists of many small operations, which are more efficient over more frames

    def __init__(
        self,
        form: Waveform | Image = Waveform(16_000),
        *,
        order: Annotated[int, Field(description="number of past samples that predict the next: about 2 per formant, plus 2", ge=1)] = 16,
        streams: Annotated[
            list[Literal["speech", "envelope", "residual"]],
            Field(description="output channels, in this order: the spectrum, its formants, the excitation", min_length=1),
        ] = ["speech", "envelope", "residual"],
        bands: Bands = 40,
        window_ms: WindowMs = 30.0,
        hop_ms: HopMs = 10.0,
        low_hz: LowHz = 0.0,
        high_hz: HighHz = 0.0,
        floor_db: FloorDb = -100.0,
        preemphasis: Annotated[
            float, Field(description="p of a fixed pre-emphasis filter 1 - p/z applied before prediction; 0: none", ge=0, lt=1)
        ] = 0.0,
        white_noise: Annotated[
            float, Field(description="white noise, relative to a frame's power, that keeps prediction well conditioned", ge=1e-9, le=1)
        ] = 1e-4,
    ) -> None:
        names = tuple(streams) if len(streams) > 1 else ()  # a single stream is an ordinary spectrogram
        super().__init__(
            "lpc", form, bands=bands, window_ms=window_ms, hop_ms=hop_ms, low_hz=low_hz, high_hz=high_hz, floor_db=floor_db, streams=names
        )
        if len(set(streams)) != len(streams):
            raise Problem(f"frontend.streams names a stream twice: {listing(streams)}.")
        window = len(self.window)
        if order >= window:
            raise Problem(f"frontend.order = {order} is too large: it must be below the {window} samples of a window.")
        self.streams, self.white_noise = streams, white_noise
        self.oversampling = 1 if window + order < self.n_fft else 2  # FFT length relative to log_mel's
        self.lags, waves = tables(self.n_fft * self.oversampling, order, preemphasis)  # not a buffer, so that lags stay float64
        waves = waves[:, :: self.oversampling]
        self.waves: Tensor
        self.register_buffer("waves", torch.cat([waves.real, waves.imag], 1).float(), persistent=False)

    def streams_of(self, values: Tensor) -> Tensor:
        """Decibels above the floor `[n, streams, bands, frames]` of values `[n, samples]`."""
        fine = power(values, self.window, self.n_fft * self.oversampling, self.hop)
        speech = fine[:, :: self.oversampling]
        whitening, error = prediction(fine, self.lags, self.waves, self.white_noise)
        spectra = {"speech": lambda: speech, "envelope": lambda: error / whitening, "residual": lambda: speech * whitening}
        return torch.stack([decibels(spectra[name](), self.filters, self.parts) for name in self.streams], 1)


def tables(n_fft: int, order: int, preemphasis: float) -> tuple[Tensor, Tensor]:
    """The matrix that turns |X|² into autocorrelations, `[order + 1, bins]` float64, and the one that turns filters into their spectra,
    `[order + 1, bins]` complex128. Both include the pre-emphasis filter 1 - preemphasis / z.
    """
    turns = torch.arange(n_fft // 2 + 1) * torch.arange(order + 1)[:, None] % n_fft  # modulo in integers keeps the angles small and exact
    waves = torch.polar(torch.ones((), dtype=torch.float64), turns.double() * (-2 * math.pi / n_fft))
    fixed = 1 - preemphasis * waves[1]
    weights = torch.full((n_fft // 2 + 1,), 2 / n_fft, dtype=torch.float64)  # 2: the other half of the spectrum mirrors this one
    weights[0] = weights[-1] = 1 / n_fft
    return waves.real * (weights * fixed.abs().square()), waves * fixed


def prediction(fine: Tensor, lags: Tensor, waves: Tensor, white_noise: float) -> tuple[Tensor, Tensor]:
    """|A|² `[n, bins, frames]` and the power g of the prediction error `[n, 1, frames]`, of powers |X|² `[n, fine bins, frames]`.

    lags `[order + 1, fine bins]` and waves `[order + 1, 2 · bins]` (real parts, then imaginary) as from `tables`.
    The recursion amplifies rounding errors by up to 1 / white_noise: negligible in float64, some tenths of a decibel in float32.
    """
    n, _, frames = fine.shape
    exact = torch.float32 if fine.device.type == "mps" else torch.float64  # Apple GPUs have no float64
    rows = fine.transpose(1, 2).flatten(0, 1)  # in memory order
    a, error = levinson(lags.to(rows.device, exact) @ rows.to(exact).T, white_noise)
    real, imaginary = (a.T.to(fine.dtype) @ waves).square_().chunk(2, 1)
    whitening = real + imaginary
    return whitening.view(n, frames, -1).transpose(1, 2), error.to(fine.dtype).view(n, 1, frames)
