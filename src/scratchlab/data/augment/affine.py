"""Random affine transformations of images: rotation, scaling and shear."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.data.augment.interface import Augment
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Image, Waveform


class Affine(Augment):
    """Rotates each image by up to ±`degrees`, scales it by 1 ± `scale`, and shears it by up to ±`shear` degrees.

    Images are `[n, channels, height, width]`.

    >>> Affine(degrees=15.0)(torch.rand(8, 1, 28, 28)).shape
    torch.Size([8, 1, 28, 28])
    """

    domain, axes = "inputs", "n, channels, height, width"

    def __init__(
        self,
        form: Waveform | Image = Image(1, 28, 28),
        *,
        degrees: Annotated[float, Field(ge=0, le=180, description="maximum rotation in degrees, in either direction")] = 10.0,
        scale: Annotated[float, Field(ge=0, lt=1, description="maximum change of scale; 0.1: a factor of 0.9 to 1.1")] = 0.1,
        shear: Annotated[float, Field(ge=0, lt=90, description="maximum shear in degrees, in either direction")] = 10.0,
    ) -> None:
        if not isinstance(form, Image):
            raise Problem("[augment.affine] transforms images, but this source provides audio; remove it.")
        self.degrees, self.scale, self.shear = degrees, scale, shear

    def augmented(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, channels, height, width]` -> the same shape, bilinearly interpolated; pixels from outside the image and columns beyond
        `lengths` `[n]` are 0.
        """
        angle, shear = (rng.uniform(-limit, limit) * math.pi / 180 for limit in (self.degrees, self.shear))
        scale = rng.uniform(1 - self.scale, 1 + self.scale)
        cos, sin, tan = angle.cos() / scale, angle.sin() / scale, shear.tan()
        aspect = values.shape[2] / values.shape[3]  # the grid runs from -1 to 1 along both axes, whatever their lengths
        zero = torch.zeros_like(cos)
        rows = [cos, (cos * tan - sin) * aspect, zero, sin / aspect, sin * tan + cos, zero]
        inverse = torch.stack(rows, 1).view(-1, 2, 3).to(values)  # from output pixels to input pixels
        grid = F.affine_grid(inverse, list(values.shape), align_corners=False)
        transformed = F.grid_sample(values, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        return transformed * (torch.arange(values.shape[3], device=values.device) < lengths[:, None])[:, None, None]
