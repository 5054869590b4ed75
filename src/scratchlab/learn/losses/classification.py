"""Base classes of classification losses: weighted sums over similarities. Validation reports such a loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar

from pydantic import Field, PositiveFloat
from torch import Tensor
from torch.nn import functional as F

from scratchlab.checks import Problem, listing, nearest
from scratchlab.learn import parallel
from scratchlab.learn.losses.interface import ByClassWeights, EmbeddedBatch, Loss, Similarities
from scratchlab.learn.losses.labels import Embedded
from scratchlab.learn.references import class_means
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import Cosine
from scratchlab.types import Embeddings

Weights = Annotated[
    dict[str, PositiveFloat],
    Field(description="weight of each similarity in the loss, as in {cosine = 1.0, cka = 0.2}; empty: the first similarity alone"),
]
Temperature = Annotated[float, Field(gt=0, description="factor that multiplies the similarities in the loss")]


def find_similarity(similarities: Similarities, name: str, where: str) -> Similarity:
    """The similarity of this name. Raises Problem if there is no table [similarity.NAME]; where: the setting that names it."""
    if name not in similarities:
        raise Problem(
            f"{where} names '{name}', but the similarities of this recipe are: {listing(similarities)}.{nearest(name, similarities)}"
        )
    return similarities[name]


def named(similarities: Similarities | Similarity | None) -> Similarities:
    """Similarities by name: those of a recipe as they are, a single one under the name of its class, and the cosine for None."""
    if similarities is None:
        return {"cosine": Cosine()}
    return {type(similarities).__name__: similarities} if isinstance(similarities, Similarity) else similarities


class Classification(Loss):
    """Sum over similarities of weight · loss of (temperature · similarity to each class).

    similarities: those of a recipe, by name, or a single one, or None for the cosine. name: its name in a recipe. by_prototypes: whether
    classes are represented by prototypes from an episode's support, instead of weights. imprint: whether weights begin as class means.
    """

    name: ClassVar[str]
    by_prototypes: ClassVar[bool] = False
    imprint: bool = False

    def __init__(self, similarities: Similarities | Similarity | None, weights: Mapping[str, float], temperature: float) -> None:
        super().__init__()
        known, self.temperature = named(similarities), temperature
        self.weights = dict(weights) or {next(iter(known)): 1.0}
        self.similarities = {name: find_similarity(known, name, f"loss.{self.name}.weights") for name in self.weights}

    def class_weight_similarities(self) -> tuple[Similarity, ...]:
        """All similarities of the loss, if classes have weights."""
        return () if self.by_prototypes else tuple(self.similarities.values())

    @property
    def leading(self) -> str:
        """Name of the similarity with the largest weight (the first, if several), by which validation predicts."""
        return max(self.weights, key=lambda name: self.weights[name])

    def logits(self, name: str, inputs: Embedded, classes: Embedded) -> Tensor:
        """`[n, c]`: similarities of inputs to classes, times the temperature. name: the similarity's name."""
        return self.temperature * self.similarities[name](inputs, classes)

    def prototype_logits(self, batch: EmbeddedBatch, name: str) -> tuple[Tensor, Tensor]:
        """Logits `[q, way]` of an episode's queries for the class means of its support, and the queries' targets `[q]`.

        With several processes, each scores its own queries against the support of all.
        """
        assert batch.support is not None
        support = parallel.gather(batch.support.long()).bool()
        shots, labels = gather_embeddings(batch.embeddings).at(support), parallel.gather(batch.target)[support]
        prototypes = class_means(shots, labels, int(labels.max()) + 1)
        return self.logits(name, batch.embeddings.at(~batch.support), prototypes), batch.target[~batch.support]

    def weighted(self, loss: Callable[[str], Tensor]) -> Tensor:
        """The weighted sum of `loss(name)` over the names of the similarities."""
        losses = [weight * loss(name) for name, weight in self.weights.items()]
        return sum(losses[1:], losses[0])


class OverClassWeights(Classification, ByClassWeights):
    """A classification loss over the similarities to class weights."""

    def per_input(self, embeddings: Embedded, labels: Tensor, classes: Embedded) -> Tensor:
        """The loss of each input `[n]`."""
        return self.weighted(lambda name: self.over_classes(name, embeddings, labels, classes))

    def over_classes(self, name: str, embeddings: Embedded, labels: Tensor, classes: Embedded) -> Tensor:
        """`[n]`: the loss of one similarity, not yet weighted."""
        raise NotImplementedError


def gather_embeddings(own: Embeddings) -> Embeddings:
    """The embeddings of the whole batch, gathered from all processes, with gradients."""
    if parallel.world_size() == 1:
        return own
    steps = max(parallel.gather_objects(own.matrix.shape[1]))
    matrix = F.pad(own.matrix, (0, 0, 0, steps - own.matrix.shape[1]))
    return Embeddings(parallel.gather(own.vector), parallel.gather(matrix), parallel.gather(own.lengths), own.streams)
