"""Interface of losses: from an embedded batch to one loss value per input."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.losses.labels import Embedded, Labels, checked_labels
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Batch, Embeddings

Similarities = Mapping[str, Similarity]


@dataclass
class EmbeddedBatch:
    """A batch with its targets and class weights. Embeddings are computed on first access.

    target: `[n]`, index of each input's class among the class weights, or among the classes of an episode. rng: None in validation.
    support: `[n]`, whether each input belongs to an episode's support, if classes are prototypes. query_share: fraction of the episode's
    rows that are queries.
    """

    embedder: Embedder
    inputs: Batch
    target: Tensor
    rng: RowRNG | None
    class_weights: ClassWeights
    support: Tensor | None = None
    query_share: float = 1.0

    @functools.cached_property
    def features(self) -> tuple[Tensor, Tensor]:
        """The batch's augmented features, and their lengths."""
        return self.embedder.features(self.inputs, self.rng)

    @functools.cached_property
    def embeddings(self) -> Embeddings:
        """The embeddings of these features, shared by all losses; float32 whatever the encoder's precision."""
        return self.embedder.embed_features(*self.features).float()

    @functools.cached_property
    def classes(self) -> Embeddings:
        """The class weights as embeddings."""
        return self.class_weights.embeddings(self.embeddings.streams)

    @functools.cached_property
    def second_view(self) -> Embeddings:
        """The batch's embeddings under a second augmentation."""
        return self.embedder(self.inputs, self.rng).float()


class Loss(nn.Module):
    """A term of a recipe's loss (`of_batch`), possibly with learned parameters of its own. The public ones are called with tensors."""

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Its own parameter groups, by the name under which a recipe sets their learning rate."""
        return {}

    def class_weight_similarities(self) -> tuple[Similarity, ...]:
        """The similarities by which it compares inputs with class weights; they decide whether weights are vectors, matrices or both."""
        return ()

    def fits(self, streams: tuple[str, ...]) -> None:
        """Raises Problem if the loss cannot be computed from embeddings with these streams."""

    def of_batch(self, batch: EmbeddedBatch) -> Tensor:
        """The loss of each input `[n]`, not averaged; cross-entropies are in nats."""
        raise NotImplementedError


class ByClassWeights(Loss):
    """A loss that compares embeddings with class weights: given as tensors where it is called, or those of a run."""

    def forward(self, embeddings: Embedded, labels: Labels, classes: Embedded | None = None) -> Tensor:
        """The mean loss over n inputs.

        embeddings: `[n, d]`, `[n, t, c]` or Embeddings; labels: `[n]`, places among the class weights; classes: the weights of k classes,
        `[k, d]`, `[k, s, c]` or Embeddings, usually parameters that are trained too. Raises Problem for labels or shapes that do not fit.
        """
        if classes is None:
            raise Problem(
                f"{type(self).__name__} compares embeddings with class weights: give them third, one row per class, such as "
                "torch.nn.Parameter(torch.randn(classes, d)), and train them together with the encoder."
            )
        return self.per_input(embeddings, checked_labels(labels, embeddings, len(classes)), classes).mean()

    def of_batch(self, batch: EmbeddedBatch) -> Tensor:
        """The loss of each input `[n]`, with the class weights of the run."""
        return self.per_input(batch.embeddings, batch.target, batch.classes)

    def per_input(self, embeddings: Embedded, labels: Tensor, classes: Embedded) -> Tensor:
        """The loss of each input `[n]`; see `forward`."""
        raise NotImplementedError
