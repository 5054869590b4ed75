"""Cross-entropy over the similarities to class weights, one embedding per class; a weighted sum over several similarities.

Sources: cosine classifier with a scale: Zhang et al. (2021), arXiv 2104.03047, section 3.2 (scale 16); losses over vector and map together:
Zou et al. (2024), arXiv 2405.17022; reversed sequences as negatives: Sun et al. (2023), "TACos", arXiv 2305.10816.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem, listing
from scratchlab.learn.losses.classification import Classification, Temperature, Weights
from scratchlab.learn.losses.interface import EmbeddedBatch, Similarities
from scratchlab.similarity.sequences import reversed_steps


class CrossEntropy(Classification):
    """Sum over similarities of weight · CE(temperature · similarity to the class weights)."""

    name = "cross_entropy"

    def __init__(
        self,
        similarities: Similarities,
        *,
        weights: Weights = {},
        temperature: Temperature = 16.0,
        reversed_negatives: Annotated[bool, Field(description="adds the time-reversed class matrices as negatives")] = False,
    ) -> None:
        super().__init__(similarities, weights, temperature)
        self.reversed_negatives = reversed_negatives
        if reversed_negatives and not any(found.sees_order for found in self.similarities.values()):
            raise Problem(
                f"loss.cross_entropy.reversed_negatives has no effect: {listing(self.similarities)} do not depend on the order of steps; "
                "name one that depends on the order of steps in loss.cross_entropy.weights."
            )

    def similarity_loss(self, batch: EmbeddedBatch, name: str) -> Tensor:
        """The cross-entropy of each input `[n]`."""
        return F.cross_entropy(self._logits_with_negatives(batch, name), batch.target, reduction="none")

    def _logits_with_negatives(self, batch: EmbeddedBatch, name: str) -> Tensor:
        """Logits of the classes, and of their reversals if these are negatives."""
        logits = self.logits(name, batch.embeddings, batch.classes)
        if not (self.reversed_negatives and self.similarities[name].sees_order):
            return logits
        return torch.cat([logits, self.logits(name, batch.embeddings, reversed_steps(batch.classes))], 1)
