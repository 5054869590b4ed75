"""The supervised contrastive loss for recipes: over two augmentations of each input, with a weight."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.learn.losses.classification import find_similarity
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss, Similarities
from scratchlab.learn.losses.supervised_contrastive import SupervisedContrastive


class Contrastive(Loss):
    """Weighted supervised contrastive loss. An input's positives: the second augmentations of all inputs of its class, itself included."""

    def __init__(
        self,
        similarities: Similarities,
        *,
        similarity: Annotated[str, Field(description="name of the similarity; empty: the first")] = "",
        weight: Annotated[float, Field(gt=0, description="weight of this loss")] = 0.5,
        temperature: Annotated[float, Field(gt=0, description="divides the similarities")] = 0.1,
        reversed_negatives: Annotated[bool, Field(description="adds the time-reversed second augmentations as negatives")] = False,
    ) -> None:
        super().__init__()
        name = similarity or next(iter(similarities))
        found = find_similarity(similarities, name, "loss.contrastive.similarity")
        if reversed_negatives and not found.sees_order:
            raise Problem(f"loss.contrastive.reversed_negatives has no effect: '{name}' cannot tell a matrix from its reversal.")
        self.weight = weight
        self.loss = SupervisedContrastive(found, temperature=temperature, reversed_negatives=reversed_negatives)

    def of_batch(self, batch: EmbeddedBatch) -> Tensor:
        """`[n]`: mean over an input's positives of -log softmax of their similarity among all second views."""
        return self.weight * self.loss.per_input(batch.embeddings, batch.target, batch.second_view)[0]
