"""Cross-entropy over the similarities to one learned row a class; several similarities may each have a share.

Sources: cosine classifier with a scale: Zhang et al. (2021), arXiv 2104.03047, section 3.2 (scale 16); losses over vector and map together:
Zou et al. (2024), arXiv 2405.17022; reversed sequences as negatives: Sun et al. (2023), "TACos", arXiv 2305.10816.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem, listing, nearest
from scratchlab.learn.losses.interface import Loss, Similarities, Step
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import reversed_steps
from scratchlab.types import Embeddings


def named(similarities: Similarities, name: str, where: str) -> Similarity:
    """The similarity of this name; raises Problem when no table [similarity.NAME] introduces it."""
    if name not in similarities:
        raise Problem(f"{where} names '{name}', but the similarities here are: {listing(similarities)}.{nearest(name, similarities)}")
    return similarities[name]


class CrossEntropy(Loss):
    """Sum over similarities of weight · CE(temperature · similarity to every class row)."""

    def __init__(
        self,
        similarities: Similarities,
        *,
        weights: Annotated[
            dict[str, PositiveFloat],
            Field(description="share of each similarity, as in {cosine = 1.0, cka = 0.2}; empty: the first similarity alone"),
        ] = {},
        temperature: Annotated[float, Field(gt=0, description="scale of the similarities in the loss")] = 16.0,
        reversed_negatives: Annotated[
            bool, Field(description="class matrices backwards in time stand beside them as wrong answers")
        ] = False,
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.weights = dict(weights) or {next(iter(similarities)): 1.0}
        self.compared = {name: named(similarities, name, "loss.cross_entropy.weights") for name in self.weights}
        self.against_reversed = reversed_negatives
        if reversed_negatives and not any(one.sees_order for one in self.compared.values()):
            raise Problem(
                f"loss.cross_entropy.reversed_negatives has no effect: {listing(self.compared)} cannot tell a matrix from its reversal; "
                "take a similarity that sees order into loss.cross_entropy.weights."
            )

    @property
    def leading(self) -> str:
        """The name of the similarity with the largest share, the first of equals: the one that validation asks."""
        return max(self.weights, key=lambda name: self.weights[name])

    def logits(self, name: str, inputs: Embeddings, rows: Embeddings) -> Tensor:
        """`[n, c]`: scaled similarities of this name, of inputs to rows."""
        return self.temperature * self.compared[name](inputs, rows)

    def forward(self, step: Step) -> Tensor:
        """`[n]`."""
        losses = [
            weight * F.cross_entropy(self._contest(step, name), step.target, reduction="none") for name, weight in self.weights.items()
        ]
        return sum(losses[1:], losses[0])

    def _contest(self, step: Step, name: str) -> Tensor:
        """The logits that compete: the classes, and beside them what must not win."""
        logits = self.logits(name, step.embedded, step.classes)
        if not (self.against_reversed and self.compared[name].sees_order):
            return logits
        return torch.cat([logits, self.logits(name, step.embedded, reversed_steps(step.classes))], 1)
