"""Background noise added at a random signal-to-noise ratio."""

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
from scratchlab.data.augment.interface import Augment
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Floats, Image, Waveform

BUILT_IN_SECONDS = 60


class Noise(Augment):
    """Adds a random segment of noise to some clips of `[n, samples]`, with a signal-to-noise ratio drawn uniformly in dB.

    >>> waves = torch.ones(2, 16_000)
    >>> noise = Noise(snr=(20.0, 20.0), probability=1.0)(waves) - waves
    >>> noise.square().mean(1)  # 20 dB below a power of 1
    tensor([0.0100, 0.0100])
    """

    domain, axes = "inputs", "n, samples"

    def __init__(
        self,
        form: Waveform | Image = Waveform(16_000),
        *,
        folder: Annotated[str, Field(description="folder of noise recordings; empty: built-in white, pink and brown noise")] = "",
        snr: Annotated[tuple[float, float], Field(description="lowest and highest signal-to-noise ratio, in dB")] = (0.0, 30.0),
        probability: Annotated[float, Field(ge=0, le=1, description="fraction of the clips to which noise is added")] = 0.8,
    ) -> None:
        if not isinstance(form, Waveform):
            raise Problem("[augment.noise] adds noise to waveforms, but this source provides images; remove it.")
        if snr[0] > snr[1]:
            raise Problem(f"augment.noise.snr = {list(snr)} does not fit: write the lower ratio first.")
        self.rate, self.folder, self.snr, self.probability = form.rate, folder, snr, probability
        if folder:  # read here, so that a missing or damaged file is reported before training
            self._bank = self._concatenated(self._recordings())

    @functools.cached_property
    def _bank(self) -> Tensor:
        return self._concatenated(_coloured(BUILT_IN_SECONDS * self.rate))

    @staticmethod
    def _concatenated(parts: list[Floats]) -> Tensor:
        """Concatenates recordings to `[samples]`, each scaled to unit power so that all have the same level."""
        return torch.from_numpy(np.concatenate([part / max(float(np.sqrt(np.mean(part**2))), 1e-6) for part in parts]).astype(np.float32))

    def _recordings(self) -> list[Floats]:
        paths = sorted(path for path in Path(self.folder).expanduser().rglob("*") if path.suffix.lower() in audio.SUFFIXES)
        if not paths:
            raise Problem(f"augment.noise.folder = '{self.folder}' contains no recording ({', '.join(audio.SUFFIXES)}).")
        return [audio.decode(path, self.rate) for path in paths]

    def augmented(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, samples]` -> the same shape; the padding beyond `lengths` `[n]` stays zero."""
        width = values.shape[1]
        bank = self._bank.to(values.device)
        bank = bank if len(bank) > width else bank.repeat(width // len(bank) + 2)
        noisy = rng.uniform() < self.probability
        start = rng.integers(len(bank) - width)
        snr = rng.uniform(*self.snr).to(torch.float32)
        inside = torch.arange(width, device=values.device) < lengths[:, None]
        noise = bank.unfold(0, width, 1)[start.to(values.device)] * inside
        clip_rms = (values.square().sum(1) / lengths.clamp(min=1)).sqrt()
        noise_rms = (noise.square().sum(1) / lengths.clamp(min=1)).sqrt().clamp(min=1e-6)
        gain = torch.where(noisy, 10 ** (-snr / 20), 0.0).to(values.device) * clip_rms / noise_rms
        return torch.addcmul(values, noise, gain[:, None])


def _coloured(length: int) -> list[Floats]:
    """White, pink and brown noise (power proportional to 1, 1/f and 1/f²), `length // 3` samples each; deterministic."""
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(rng.standard_normal((3, length // 3)))
    bins = np.maximum(np.arange(spectrum.shape[1], dtype=np.float64), 1.0)
    amplitude = np.stack([bins**-slope for slope in (0.0, 0.5, 1.0)])
    return list(np.fft.irfft(spectrum * amplitude).astype(np.float32))
