"""Images as features: normalised pixels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.models.interface import Frontend
from scratchlab.models.lengths import mask
from scratchlab.types import Image, Waveform


class Pixels(Frontend):
    """Normalises images `[n, channels, height, width]`: (value - mean) / std; padding columns are zero.

    >>> import torch
    >>> features, lengths = Pixels(mean=0.5, std=0.25)(torch.ones(2, 1, 28, 28))
    >>> features.unique(), lengths  # lengths in columns
    (tensor([2.]), tensor([28, 28]))
    """

    axes = "n, channels, height, width"

    def __init__(
        self,
        form: Waveform | Image = Image(1, 28, 28),
        *,
        mean: Annotated[float, Field(description="mean to subtract from every pixel; pixels lie in [0, 1]")] = 0.0,
        std: Annotated[float, Field(description="standard deviation by which pixels are then divided", gt=0)] = 1.0,
    ) -> None:
        super().__init__()
        if not isinstance(form, Image):
            raise Problem("pixels reads images, but the source gives sound; use frontend.name = 'log_mel'.")
        self.input_form = self.form = form
        self.mean, self.std = mean, std

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised values, of the same shape as values `[n, channels, height, width]`."""
        features = (values - self.mean) / self.std
        real = mask(lengths, values.shape[3])
        return features if real is None else features * real[:, None, None], lengths
