"""A multilayer perceptron on the pixels of an image."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.models.interface import Encoder
from scratchlab.types import Embeddings, Image, Spectrogram


class MLP(Encoder):
    """Embeds images as vectors `[n, d]`; the matrix `[n, 1, d]` has the same values in one step.

    Features are `[n, channels, height, width]`. ReLU follows each layer but the last, and also the last if `rectified`.

    >>> MLP(hidden=[64, 16])(torch.rand(2, 1, 28, 28)).vector.shape
    torch.Size([2, 16])
    """

    inputs_axis = 0

    def __init__(
        self,
        form: Spectrogram | Image = Image(1, 28, 28),
        *,
        hidden: Annotated[list[PositiveInt], Field(description="units of each layer; the last is the dimension d", min_length=1)] = [
            256,
            128,
        ],
        rectified: Annotated[bool, Field(description="ReLU after the last layer too")] = False,
    ) -> None:
        super().__init__()
        self.form = form
        if not isinstance(form, Image):
            raise Problem("mlp needs inputs of a fixed size, but spectrograms vary in length; use encoder.name = 'bc_resnet' or 'conv4'.")
        self.width = form.width
        sizes = [form.channels * form.height * form.width, *hidden]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.rectifiers = nn.ModuleList(nn.ReLU() for _ in range(len(hidden) - (not rectified)))
        self.dim = self.channels = hidden[-1]

    @property
    def halfway(self) -> list[nn.Module]:
        """The first ReLU, or the only layer if there is no ReLU; its output is `[n, units]`."""
        return [self.rectifiers[0] if len(self.rectifiers) else self.layers[0]]

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Embed features `[n, channels, height, width]`; the matrix has one step."""
        x = F.pad(features, (0, self.width - features.shape[3])).flatten(1)  # a batch of narrow images is padded to the form's width
        for place, layer in enumerate(self.layers):
            x = layer(x)
            if place < len(self.rectifiers):
                x = self.rectifiers[place](x)
        return Embeddings(x, x[:, None], torch.ones_like(lengths))
