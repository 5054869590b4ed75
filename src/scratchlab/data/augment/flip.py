"""Random horizontal flips of images."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.data.augment.interface import Augment
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Image, Waveform


class Flip(Augment):
    """Flips some images of `[n, channels, height, width]` horizontally.

    Not for digits or letters, whose mirror images are not of the same class.

    >>> Flip(probability=1.0)(torch.tensor([[[[0.1, 0.2, 0.3]]]]))  # one image of one row
    tensor([[[[0.3000, 0.2000, 0.1000]]]])
    """

    domain, axes = "inputs", "n, channels, height, width"

    def __init__(
        self,
        form: Waveform | Image = Image(1, 28, 28),
        *,
        probability: Annotated[float, Field(gt=0, le=1, description="fraction of the images that are flipped")] = 0.5,
    ) -> None:
        if not isinstance(form, Image):
            raise Problem("[augment.flip] flips images, but this source provides audio; remove it.")
        self.probability = probability

    def augmented(self, values: Tensor, lengths: Tensor, rng: RowRNG) -> Tensor:
        """`[n, channels, height, width]` -> the same shape; columns beyond `lengths` `[n]` stay in place."""
        flipped = (rng.uniform() < self.probability).to(values.device)
        column = torch.arange(values.shape[3], device=values.device)
        source = torch.where(flipped[:, None] & (column < lengths[:, None]), lengths[:, None] - 1 - column, column)
        return values.gather(3, source[:, None, None].expand_as(values))
