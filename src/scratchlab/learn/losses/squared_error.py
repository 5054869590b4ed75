"""Squared error of the similarities to the class weights, with target 1 for the correct class and 0 for the others.

Source: Hui & Belkin (2021), "Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy in Classification Tasks",
arXiv 2006.07322, section 2, without its rescaling for many classes.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from scratchlab.learn.losses.classification import Classification, Temperature, Weights
from scratchlab.learn.losses.interface import EmbeddedBatch, Similarities


class SquaredError(Classification):
    """Sum over similarities of weight · mean over the classes of (temperature · similarity - one-hot target)²."""

    name = "squared_error"

    def __init__(
        self,
        similarities: Similarities,
        *,
        weights: Weights = {},
        temperature: Temperature = 1.0,
    ) -> None:
        super().__init__(similarities, weights, temperature)

    def similarity_loss(self, batch: EmbeddedBatch, name: str) -> Tensor:
        """The squared error of each input `[n]`."""
        logits = self.logits(name, batch.embeddings, batch.classes)
        return (logits - F.one_hot(batch.target, logits.shape[1])).square().mean(1)
