"""Shifts in time (sound) or place (images), filled with zeros."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Image, Waveform


class Shift:
    """Moves each clip earlier or later by up to `ms` milliseconds."""

    domain = "inputs"

    def __init__(
        self,
        form: Waveform | Image,
        *,
        ms: Annotated[float, Field(gt=0, description="largest shift, in milliseconds")] = 100.0,
    ) -> None:
        if not isinstance(form, Waveform):
            raise Problem("[augment.shift] moves waveforms in time; for images use [augment.pixel_shift].")
        self.most = max(1, round(ms * form.rate / 1000))

    def __call__(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, samples]` -> the same shape; what leaves a clip at one end is lost, silence enters at the other."""
        shift = (rng.integers(2 * self.most + 1) - self.most).to(values.device)
        source = torch.arange(values.shape[1], device=values.device) - shift[:, None]
        inside = (source >= 0) & (source < lengths[:, None]) & (torch.arange(values.shape[1], device=values.device) < lengths[:, None])
        return values.gather(1, source.clamp(0, values.shape[1] - 1)) * inside


class PixelShift:
    """Moves each image by up to `pixels` in both directions."""

    domain = "inputs"

    def __init__(
        self,
        form: Waveform | Image,
        *,
        pixels: Annotated[int, Field(ge=1, description="largest shift, in pixels")] = 2,
    ) -> None:
        if not isinstance(form, Image):
            raise Problem("[augment.pixel_shift] moves images; for waveforms use [augment.shift].")
        self.most = pixels

    def __call__(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, channels, height, width]` -> the same shape."""
        n, channels, height, width = values.shape
        padded = torch.nn.functional.pad(values, [self.most] * 4)
        down, right = (rng.integers(2 * self.most + 1).to(values.device) for _ in range(2))
        y = (torch.arange(height, device=values.device) + down[:, None])[:, None, :, None]
        x = (torch.arange(width, device=values.device) + right[:, None])[:, None, None, :]
        item = torch.arange(n, device=values.device)[:, None, None, None]
        channel = torch.arange(channels, device=values.device)[None, :, None, None]
        return padded[item, channel, y, x]
