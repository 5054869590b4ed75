"""What losses share that tell the right class from the others: similarities and their shares. Validation judges by such a loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, PositiveFloat
from torch import Tensor

from scratchlab.checks import Problem, listing, nearest
from scratchlab.learn.losses.interface import Loss, Similarities, Step
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings

Weights = Annotated[
    dict[str, PositiveFloat],
    Field(description="share of each similarity, as in {cosine = 1.0, cka = 0.2}; empty: the first similarity alone"),
]
Temperature = Annotated[float, Field(gt=0, description="scale of the similarities in the loss")]


def named(similarities: Similarities, name: str, where: str) -> Similarity:
    """The similarity of this name; raises Problem when no table [similarity.NAME] introduces it."""
    if name not in similarities:
        raise Problem(f"{where} names '{name}', but the similarities here are: {listing(similarities)}.{nearest(name, similarities)}")
    return similarities[name]


class Classification(Loss):
    """Sum over similarities of weight · loss of (temperature · similarity to every class row)."""

    called: ClassVar[str]  # its name in a recipe

    def __init__(self, similarities: Similarities, weights: Mapping[str, float], temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.weights = dict(weights) or {next(iter(similarities)): 1.0}
        self.compared = {name: named(similarities, name, f"loss.{self.called}.weights") for name in self.weights}

    @property
    def leading(self) -> str:
        """The name of the similarity with the largest share, the first of equals: the one that validation asks."""
        return max(self.weights, key=lambda name: self.weights[name])

    def logits(self, name: str, inputs: Embeddings, rows: Embeddings) -> Tensor:
        """`[n, c]`: scaled similarities of this name, of inputs to rows."""
        return self.temperature * self.compared[name](inputs, rows)

    def forward(self, step: Step) -> Tensor:
        """`[n]`."""
        losses = [weight * self.of(step, name) for name, weight in self.weights.items()]
        return sum(losses[1:], losses[0])

    def of(self, step: Step, name: str) -> Tensor:
        """`[n]`: the loss by one similarity, before its weight."""
        raise NotImplementedError
