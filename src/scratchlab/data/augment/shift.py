"""Random shifts of clips in time or of images in space, filled with zeros."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.data.augment.interface import Augment
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Image, Waveform


class Shift(Augment):
    """Shifts each clip of `[n, samples]` in time by up to ±`ms` milliseconds.

    >>> clips = torch.ones(3, 16_000)
    >>> shifted = Shift(ms=10.0)(clips)  # up to 160 samples at 16 kHz
    >>> shifted.shape, bool((shifted.sum(1) >= 15_840).all())
    (torch.Size([3, 16000]), True)
    """

    domain, axes = "inputs", "n, samples"

    def __init__(
        self,
        form: Waveform | Image = Waveform(16_000),
        *,
        ms: Annotated[float, Field(gt=0, description="maximum shift, in milliseconds")] = 100.0,
    ) -> None:
        if not isinstance(form, Waveform):
            raise Problem("[augment.shift] shifts waveforms in time; for images use [augment.pixel_shift].")
        self.max_shift = max(1, round(ms * form.rate / 1000))

    def augmented(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, samples]` -> the same shape; samples shifted beyond a clip's end are lost, and zeros fill the gap."""
        shift = (rng.integers(2 * self.max_shift + 1) - self.max_shift).to(values.device)
        source = torch.arange(values.shape[1], device=values.device) - shift[:, None]
        inside = (source >= 0) & (source < lengths[:, None]) & (torch.arange(values.shape[1], device=values.device) < lengths[:, None])
        return values.gather(1, source.clamp(0, values.shape[1] - 1)) * inside


class PixelShift(Augment):
    """Shifts each image of `[n, channels, height, width]` by up to ±`pixels` vertically and horizontally.

    >>> PixelShift(pixels=2)(torch.rand(8, 1, 28, 28)).shape
    torch.Size([8, 1, 28, 28])
    """

    domain, axes = "inputs", "n, channels, height, width"

    def __init__(
        self,
        form: Waveform | Image = Image(1, 28, 28),
        *,
        pixels: Annotated[int, Field(ge=1, description="maximum shift, in pixels")] = 2,
    ) -> None:
        if not isinstance(form, Image):
            raise Problem("[augment.pixel_shift] shifts images; for waveforms use [augment.shift].")
        self.max_shift = pixels

    def augmented(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, channels, height, width]` -> the same shape."""
        n, channels, height, width = values.shape
        padded = torch.nn.functional.pad(values, [self.max_shift] * 4)
        down, right = (rng.integers(2 * self.max_shift + 1).to(values.device) for _ in range(2))
        y = (torch.arange(height, device=values.device) + down[:, None])[:, None, :, None]
        x = (torch.arange(width, device=values.device) + right[:, None])[:, None, None, :]
        item = torch.arange(n, device=values.device)[:, None, None, None]
        channel = torch.arange(channels, device=values.device)[None, :, None, None]
        return padded[item, channel, y, x]
