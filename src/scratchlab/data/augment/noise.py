"""Background noise at a chosen signal-to-noise ratio."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.data import audio
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Floats, Image, Waveform

BUILT_IN_SECONDS = 60


class Noise:
    """Adds a random stretch of recorded noise to some clips: level drawn uniformly in dB, relative to the clip's own power."""

    domain = "inputs"

    def __init__(
        self,
        form: Waveform | Image,
        *,
        folder: Annotated[str, Field(description="recordings of noise; empty: built-in white, pink and brown noise")] = "",
        snr: Annotated[tuple[float, float], Field(description="quietest and loudest signal-to-noise ratio, in dB")] = (0.0, 30.0),
        probability: Annotated[float, Field(ge=0, le=1, description="share of the clips that get noise")] = 0.8,
    ) -> None:
        if not isinstance(form, Waveform):
            raise Problem("[augment.noise] adds sound to waveforms; this source gives images, so leave it out.")
        if snr[0] > snr[1]:
            raise Problem(f"augment.noise.snr = {list(snr)} does not fit: write the lower ratio first.")
        self.rate, self.folder, self.snr, self.probability = form.rate, folder, snr, probability
        if folder:  # read at once: a missing recording is told before training
            self._bank = self._joined(self._recordings())

    @functools.cached_property
    def _bank(self) -> Tensor:
        return self._joined(_coloured(BUILT_IN_SECONDS * self.rate))

    @staticmethod
    def _joined(parts: list[Floats]) -> Tensor:
        """All recordings end to end, `[samples]`, each at unit power so that none is drawn louder."""
        return torch.from_numpy(np.concatenate([part / max(float(np.sqrt(np.mean(part**2))), 1e-6) for part in parts]).astype(np.float32))

    def _recordings(self) -> list[Floats]:
        paths = sorted(path for path in Path(self.folder).expanduser().rglob("*") if path.suffix.lower() in audio.SUFFIXES)
        if not paths:
            raise Problem(f"augment.noise.folder = '{self.folder}' holds no recording ({', '.join(audio.SUFFIXES)}).")
        return [audio.decode(path, self.rate) for path in paths]

    def __call__(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, samples]` -> the same shape; padding beyond `lengths` `[n]` stays zero."""
        width = values.shape[1]
        bank = self._bank.to(values.device)
        bank = bank if len(bank) > width else bank.repeat(width // len(bank) + 2)
        wanted = rng.uniform() < self.probability
        start = rng.integers(len(bank) - width)
        level = rng.uniform(*self.snr).to(torch.float32)
        inside = torch.arange(width, device=values.device) < lengths[:, None]
        stretch = bank.unfold(0, width, 1)[start.to(values.device)] * inside
        power = (values.square().sum(1) / lengths.clamp(min=1)).sqrt()
        own = (stretch.square().sum(1) / lengths.clamp(min=1)).sqrt().clamp(min=1e-6)
        gain = torch.where(wanted, 10 ** (-level / 20), 0.0).to(values.device) * power / own
        return torch.addcmul(values, stretch, gain[:, None])


def _coloured(length: int) -> list[Floats]:
    """White, pink and brown noise: power falling as 1, 1/f and 1/f²; the same every time."""
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(rng.standard_normal((3, length // 3)))
    bins = np.maximum(np.arange(spectrum.shape[1], dtype=np.float64), 1.0)
    falling = np.stack([bins**-slope for slope in (0.0, 0.5, 1.0)])
    return list(np.fft.irfft(spectrum * falling).astype(np.float32))
