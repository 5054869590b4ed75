"""The mean step taken away, so that a cosine between steps tells what sets them apart.

What every input has in common (after a ReLU all coordinates are positive, and all cosines large) says nothing of its class. Source:
centring before the nearest prototype, Wang et al. (2019), "SimpleShot", arXiv 1911.04623, section 3.2; here step by step.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from scratchlab.models.batch_norm import total
from scratchlab.models.lengths import mask
from scratchlab.types import Embeddings

MOMENTUM = 0.1  # of the running mean, as in batch normalisation

Centring = Annotated[bool, Field(description="subtract the training inputs' mean step from the matrix; the vector stays")]


class Centre(nn.Module):
    """Subtracts the mean of all real steps: of the batch in training (over all processes), of training so far afterwards."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(channels))

    def forward(self, made: Embeddings) -> Embeddings:
        """No gradient flows through the mean: it shifts all steps alike."""
        real = mask(made.lengths, made.matrix.shape[1])
        mean = self._seen(made) if self.training else self.mean
        matrix = made.matrix - mean
        return Embeddings(made.vector, matrix if real is None else matrix * real[..., None], made.lengths, made.streams)

    @torch.no_grad()
    def _seen(self, made: Embeddings) -> Tensor:
        """The batch's mean, which moves the running one."""
        sums = total(torch.cat([made.matrix.float().sum((0, 1)), made.lengths.sum().float()[None]]))
        mean = sums[:-1] / sums[-1]
        self.mean.lerp_(mean, MOMENTUM)
        return mean
