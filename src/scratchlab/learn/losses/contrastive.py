"""Supervised contrastive loss over any similarity: inputs of one class attract each other, all others repel.

Source: Khosla et al. (2020), "Supervised Contrastive Learning", arXiv 2004.11362, eq. 2 (L_out, positives outside the logarithm), on two
augmentations of each input. Reversed negatives: Sun et al. (2023), "TACos", arXiv 2305.10816.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.learn.losses.classification import named
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss, Similarities
from scratchlab.similarity.sequences import reversed_steps


class Contrastive(Loss):
    """Each input under a second augmentation is what it should resemble, with the others of its class; needs no class rows."""

    def __init__(
        self,
        similarities: Similarities,
        *,
        similarity: Annotated[str, Field(description="which similarity; empty: the first")] = "",
        weight: Annotated[float, Field(gt=0, description="share of this loss")] = 0.5,
        temperature: Annotated[float, Field(gt=0, description="divides the similarities")] = 0.1,
        reversed_negatives: Annotated[bool, Field(description="the second augmentations backwards in time are wrong answers too")] = False,
    ) -> None:
        super().__init__()
        name = similarity or next(iter(similarities))
        self.compare = named(similarities, name, "loss.contrastive.similarity")
        self.weight, self.temperature, self.against_reversed = weight, temperature, reversed_negatives
        if reversed_negatives and not self.compare.sees_order:
            raise Problem(f"loss.contrastive.reversed_negatives has no effect: '{name}' cannot tell a matrix from its reversal.")

    def forward(self, batch: EmbeddedBatch) -> Tensor:
        """`[n]`: mean over an input's positives of -log softmax of their similarity among all second views."""
        among = self.compare(batch.embeddings, batch.second_view)
        if self.against_reversed:
            among = torch.cat([among, self.compare(batch.embeddings, reversed_steps(batch.second_view))], 1)
        chance = (among / self.temperature).log_softmax(1)[:, : len(batch.target)]
        alike = batch.target[:, None] == batch.target[None]
        return -self.weight * (chance * alike).sum(1) / alike.sum(1)
