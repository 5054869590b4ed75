"""Interface of losses: from an embedded batch to one loss value per input."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.embedder import Embedder
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
    """A loss over a batch, possibly with learned parameters of its own."""

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Its own parameter groups, by the name under which a recipe sets their learning rate."""
        return {}

    def class_weight_similarities(self) -> tuple[Similarity, ...]:
        """The similarities by which it compares inputs with class weights; they decide whether weights are vectors, matrices or both."""
        return ()

    def fits(self, streams: tuple[str, ...]) -> None:
        """Raises Problem if the loss cannot be computed from embeddings with these streams."""

    def forward(self, batch: EmbeddedBatch) -> Tensor:
        """The loss of each input `[n]`, not averaged; cross-entropies are in nats."""
        raise NotImplementedError
