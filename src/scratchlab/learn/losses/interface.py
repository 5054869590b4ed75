"""What a loss is given, and what it gives back: one number for each input."""

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
    """A batch with its targets, and what may be compared with it. Embeddings are made when a loss first asks for them.

    target: `[n]`, the place of each input's class among the class weights, or among the classes of an episode. rng: None in validation.
    support: `[n]`, which inputs of an episode are labelled examples, where prototypes are to be made of them; query_share: the share of the
    episode that the others are.
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
        """The batch's features under one augmentation, and their lengths."""
        return self.embedder.features(self.inputs, self.rng)

    @functools.cached_property
    def embeddings(self) -> Embeddings:
        """The embeddings of these features, shared by all losses; in float32 whatever the encoder computes in."""
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
    """A loss over a batch. What it learns itself, if anything, it shows as parameter groups."""

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Its own parameters by the name under which a recipe gives their rate."""
        return {}

    def needs(self) -> tuple[Similarity, ...]:
        """Similarities by which it compares inputs with class weights; there are weights for all that these read."""
        return ()

    def fits(self, streams: tuple[str, ...]) -> None:
        """Raises Problem unless it can be computed of embeddings that consist of these streams."""

    def forward(self, batch: EmbeddedBatch) -> Tensor:
        """The loss of each input `[n]`, not averaged, in nats where it is a cross-entropy."""
        raise NotImplementedError
