"""Bands and stretches of a spectrogram silenced at random. Source: Park et al. (2019), "SpecAugment", arXiv 1904.08779, section 2
(its masks without the time warp)."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Image, Waveform


class SpecAugment:
    """Sets random bands and frames to zero, which is silence."""

    domain = "features"

    def __init__(
        self,
        form: Waveform | Image,
        *,
        bands: Annotated[int, Field(ge=0, description="widest frequency mask, in bands")] = 5,
        band_masks: Annotated[int, Field(ge=0, description="number of frequency masks")] = 2,
        frames: Annotated[int, Field(ge=0, description="widest time mask, in frames")] = 20,
        frame_masks: Annotated[int, Field(ge=0, description="number of time masks")] = 2,
    ) -> None:
        if not isinstance(form, Waveform):
            raise Problem("[augment.spec_augment] masks spectrograms; this source gives images, so leave it out.")
        if bands * band_masks + frames * frame_masks == 0:
            raise Problem("[augment.spec_augment] masks nothing with these settings; leave it out instead.")
        self.bands, self.band_masks, self.frames, self.frame_masks = bands, band_masks, frames, frame_masks

    def __call__(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, 1, bands, frames]` -> the same shape; time masks fall inside the clip's own `lengths` `[n]` frames."""
        n, _, bands, frames = values.shape
        kept = torch.ones(n, 1, bands, 1, device=values.device)
        for _ in range(self.band_masks):
            kept = kept * _outside(bands, torch.full((n,), bands), self.bands, rng, values.device)[:, None, :, None]
        result = values * kept
        for _ in range(self.frame_masks):
            result = result * _outside(frames, lengths.cpu(), self.frames, rng, values.device)[:, None, None, :]
        return result


def _outside(size: int, lengths: Tensor, most: int, rng: RowRNG, device: torch.device) -> Tensor:
    """`[n, size]`: 0 within one random stretch of up to `most` steps inside each length, 1 elsewhere."""
    wide = torch.minimum(rng.integers(most + 1), lengths)
    start = rng.integers(lengths - wide + 1)
    step = torch.arange(size)
    return ((step < start[:, None]) | (step >= (start + wide)[:, None])).to(device, torch.float32)
