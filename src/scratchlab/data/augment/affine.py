"""Images turned, enlarged and slanted a little, as another hand or camera would make them."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Image, Waveform


class Affine:
    """Turns each image by up to `degrees`, enlarges it by up to `scale` or shrinks it as much, and slants it by up to `shear` degrees."""

    domain = "inputs"

    def __init__(
        self,
        form: Waveform | Image,
        *,
        degrees: Annotated[float, Field(ge=0, le=180, description="largest rotation, either way")] = 10.0,
        scale: Annotated[float, Field(ge=0, lt=1, description="largest change of size: 0.1 for 0.9 to 1.1 times")] = 0.1,
        shear: Annotated[float, Field(ge=0, lt=90, description="largest slant in degrees, either way")] = 10.0,
    ) -> None:
        if not isinstance(form, Image):
            raise Problem("[augment.affine] turns and slants images; this source gives sound, so leave it out.")
        self.degrees, self.scale, self.shear = degrees, scale, shear

    def __call__(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, channels, height, width]` -> the same shape, interpolated between pixels; what comes in from outside is 0, and so is what
        lies beyond `lengths` `[n]`.
        """
        angle, slant = (rng.uniform(-most, most) * math.pi / 180 for most in (self.degrees, self.shear))
        size = rng.uniform(1 - self.scale, 1 + self.scale)
        cos, sin, tan = angle.cos() / size, angle.sin() / size, slant.tan()
        aspect = values.shape[2] / values.shape[3]  # the grid runs from -1 to 1 along both sides, whatever their lengths
        zero = torch.zeros_like(cos)
        rows = [cos, (cos * tan - sin) * aspect, zero, sin / aspect, sin * tan + cos, zero]
        back = torch.stack(rows, 1).view(-1, 2, 3).to(values)  # from a pixel of the result to where it comes from
        grid = F.affine_grid(back, list(values.shape), align_corners=False)
        made = F.grid_sample(values, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        return made * (torch.arange(values.shape[3], device=values.device) < lengths[:, None])[:, None, None]
