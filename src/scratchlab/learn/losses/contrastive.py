"""The supervised contrastive loss as a recipe adds it: on two augmentations of each input, with a share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.learn.losses.classification import named
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss, Similarities
from scratchlab.learn.losses.supervised_contrastive import SupervisedContrastive


class Contrastive(Loss):
    """Each input under a second augmentation is what it should resemble, with the others of its class; needs no class weights."""

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
        compare = named(similarities, name, "loss.contrastive.similarity")
        if reversed_negatives and not compare.sees_order:
            raise Problem(f"loss.contrastive.reversed_negatives has no effect: '{name}' cannot tell a matrix from its reversal.")
        self.weight = weight
        self.loss = SupervisedContrastive(compare, temperature=temperature, reversed_negatives=reversed_negatives)

    def forward(self, batch: EmbeddedBatch) -> Tensor:
        """`[n]`: mean over an input's positives of -log softmax of their similarity among all second views."""
        return self.weight * self.loss.of_each(batch.embeddings, batch.target, batch.second_view)[0]
