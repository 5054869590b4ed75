"""Centring: the mean step is subtracted, so that cosines between steps measure their differences.

After a ReLU all coordinates are positive, so all cosines are large; the component common to all inputs carries no information about the
class. Source: centring before nearest-prototype classification, Wang et al. (2019), "SimpleShot", arXiv 1911.04623, section 3.2; applied
here to steps.
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

Centring = Annotated[bool, Field(description="subtract the mean step of the training inputs from the matrix, not from the vector")]


class Centre(nn.Module):
    """Subtracts the mean of all real steps: in training that of the batch (over all processes), in evaluation the running mean."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(channels))

    def forward(self, embeddings: Embeddings) -> Embeddings:
        """Return the embeddings with a centred matrix. No gradient flows through the mean."""
        real = mask(embeddings.lengths, embeddings.matrix.shape[1])
        mean = self._batch_mean(embeddings) if self.training else self.mean
        matrix = embeddings.matrix - mean
        if real is not None:
            matrix = matrix * real[..., None]
        return Embeddings(embeddings.vector, matrix, embeddings.lengths, embeddings.streams)

    @torch.no_grad()
    def _batch_mean(self, embeddings: Embeddings) -> Tensor:
        """The mean step of the batch; also updates the running mean."""
        sums = total(torch.cat([embeddings.matrix.float().sum((0, 1)), embeddings.lengths.sum().float()[None]]))
        mean = sums[:-1] / sums[-1]
        self.mean.lerp_(mean, MOMENTUM)
        return mean
