"""Random frequency and time masks on spectrograms. Source: Park et al. (2019), "SpecAugment", arXiv 1904.08779, section 2
(masking without time warping)."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.data.augment.interface import Augment
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Image, Waveform


class SpecAugment(Augment):
    """Masks random bands and frames of each spectrogram of `[n, streams, bands, frames]` with zero, the value of silence.

    >>> masked = SpecAugment(bands=5, frames=20)(torch.ones(4, 1, 40, 101))
    >>> masked.shape, bool((masked == 0).sum() <= 4 * (2 * 5 * 101 + 2 * 20 * 40))
    (torch.Size([4, 1, 40, 101]), True)
    """

    domain, axes = "features", "n, streams, bands, frames"

    def __init__(
        self,
        form: Waveform | Image = Waveform(16_000),
        *,
        bands: Annotated[int, Field(ge=0, description="maximum width of a frequency mask, in bands")] = 5,
        band_masks: Annotated[int, Field(ge=0, description="number of frequency masks")] = 2,
        frames: Annotated[int, Field(ge=0, description="maximum width of a time mask, in frames")] = 20,
        frame_masks: Annotated[int, Field(ge=0, description="number of time masks")] = 2,
    ) -> None:
        if not isinstance(form, Waveform):
            raise Problem("[augment.spec_augment] masks spectrograms, but this source provides images; remove it.")
        if bands * band_masks + frames * frame_masks == 0:
            raise Problem("[augment.spec_augment] masks nothing with these settings; remove it, or raise the widths and numbers of masks.")
        self.bands, self.band_masks, self.frames, self.frame_masks = bands, band_masks, frames, frame_masks

    def augmented(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, 1, bands, frames]` -> the same shape; time masks lie within the first `lengths` `[n]` frames of each clip."""
        n, _, bands, frames = values.shape
        mask = torch.ones(n, 1, bands, 1, device=values.device)
        for _ in range(self.band_masks):
            mask = mask * _outside(bands, torch.full((n,), bands), self.bands, rng, values.device)[:, None, :, None]
        result = values * mask
        for _ in range(self.frame_masks):
            result = result * _outside(frames, lengths.cpu(), self.frames, rng, values.device)[:, None, None, :]
        return result


def _outside(size: int, lengths: Tensor, max_width: int, rng: RowRNG, device: torch.device) -> Tensor:
    """`[n, size]`: 0 within one random mask of up to `max_width` steps inside each length, 1 elsewhere."""
    width = torch.minimum(rng.integers(max_width + 1), lengths)
    start = rng.integers(lengths - width + 1)
    step = torch.arange(size)
    return ((step < start[:, None]) | (step >= (start + width)[:, None])).to(device, torch.float32)
