"""What losses share that tell the right class from the others: similarities and their shares. Validation measures such a loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, PositiveFloat
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem, listing, nearest
from scratchlab.learn import parallel
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss, Similarities
from scratchlab.learn.references import class_means
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
    """Sum over similarities of weight · loss of (temperature · similarity to every class).

    called: its name in a recipe. by_prototypes: whether classes are prototypes, made of the support of an episode, instead of weights.
    """

    called: ClassVar[str]
    by_prototypes: ClassVar[bool] = False

    def __init__(self, similarities: Similarities, weights: Mapping[str, float], temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.weights = dict(weights) or {next(iter(similarities)): 1.0}
        self.compared = {name: named(similarities, name, f"loss.{self.called}.weights") for name in self.weights}

    def needs(self) -> tuple[Similarity, ...]:
        """All that it compares, where classes are weights."""
        return () if self.by_prototypes else tuple(self.compared.values())

    @property
    def leading(self) -> str:
        """The name of the similarity with the largest share, the first of equals: the one by which validation answers."""
        return max(self.weights, key=lambda name: self.weights[name])

    def logits(self, name: str, inputs: Embeddings, classes: Embeddings) -> Tensor:
        """`[n, c]`: scaled similarities of this name, of inputs to classes."""
        return self.temperature * self.compared[name](inputs, classes)

    def to_prototypes(self, batch: EmbeddedBatch, name: str) -> tuple[Tensor, Tensor]:
        """Of an episode: scaled similarities `[q, way]` of its queries to the means of its support, and the queries' targets `[q]`.

        Of several processes each answers its own queries; the support is that of all.
        """
        assert batch.support is not None
        support = parallel.gather(batch.support.long()).bool()
        known, owner = joined_embeddings(batch.embeddings).at(support), parallel.gather(batch.target)[support]
        prototypes = class_means(known, owner, int(owner.max()) + 1)
        return self.logits(name, batch.embeddings.at(~batch.support), prototypes), batch.target[~batch.support]

    def forward(self, batch: EmbeddedBatch) -> Tensor:
        """`[n]`."""
        losses = [weight * self.of(batch, name) for name, weight in self.weights.items()]
        return sum(losses[1:], losses[0])

    def of(self, batch: EmbeddedBatch, name: str) -> Tensor:
        """`[n]`: the loss by one similarity, before its weight."""
        raise NotImplementedError


def joined_embeddings(own: Embeddings) -> Embeddings:
    """The embeddings of the whole batch, from the part of each process; gradients flow back to each."""
    if parallel.world_size() == 1:
        return own
    steps = max(parallel.gather_objects(own.matrix.shape[1]))
    matrix = F.pad(own.matrix, (0, 0, 0, steps - own.matrix.shape[1]))
    return Embeddings(parallel.gather(own.vector), parallel.gather(matrix), parallel.gather(own.lengths), own.streams)
