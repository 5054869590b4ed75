"""Log-mel spectrogram: power in mel bands, in decibels above a floor."""

from __future__ import annotations

from torch import Tensor

from scratchlab.models.frontends.mel import Bands, FloorDb, HighHz, HopMs, LowHz, MelFrontend, WindowMs, decibels, power
from scratchlab.types import Image, Waveform


class LogMel(MelFrontend):
    """Turns a waveform into a log-mel spectrogram, in units of 20 dB above the floor: silence and padding are 0.

    Waveforms `[n, samples]` give features `[n, 1, bands, frames]` and lengths `[n]` in frames.

    >>> import torch
    >>> features, lengths = LogMel()(torch.randn(2, 16_000))  # two seconds at 16 kHz
    >>> features.shape, lengths
    (torch.Size([2, 1, 40, 101]), tensor([101, 101]))
    """

    def __init__(
        self,
        form: Waveform | Image = Waveform(16_000),
        *,
        bands: Bands = 40,
        window_ms: WindowMs = 30.0,
        hop_ms: HopMs = 10.0,
        low_hz: LowHz = 0.0,
        high_hz: HighHz = 0.0,
        floor_db: FloorDb = -100.0,
    ) -> None:
        super().__init__(
            "log_mel", form, bands=bands, window_ms=window_ms, hop_ms=hop_ms, low_hz=low_hz, high_hz=high_hz, floor_db=floor_db
        )

    def streams_of(self, values: Tensor) -> Tensor:
        """Decibels above the floor `[n, 1, bands, frames]` of values `[n, samples]`."""
        return decibels(power(values, self.window, self.n_fft, self.hop), self.filters, self.parts)[:, None]
