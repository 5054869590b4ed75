"""SAVC: Song, Zhao, Shi, Peng, Yuan and Tian (2023), "Learning with Fantasy: Semantic-Aware Virtual Contrastive Constraint for Few-Shot
Class-Incremental Learning", arXiv 2304.00426.

Each class is split into M classes, one for each transformation of its inputs, the first of which is the identity. Base training classifies
all C · M classes (section 3.3), with the recipe's losses and a supervised contrastive loss with a queue and a momentum encoder (section
3.2). Scores of a query are means over its M transformations, each compared with the references under the same transformation. The published
settings are: rotation of images by 180° (M = 2), a queue of 8192 keys of dimension 128, and a momentum of 0.999 or 0.995, by data set.

Departures. There are no small crops in addition to the two augmented views; their weight (0.8 of 1) goes to the full views. The same view
is used for classification and contrast. Spectrograms are reversed in time: a network that ignores the order of steps would confuse the
reversed word with the word itself. The momentum encoder is initialised with the untrained network, so in a short training with a momentum
of 0.999, much of that remains: a weight of 0.4 after 900 steps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Unpack

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.comparisons import episode_scores, pair_scores
from scratchlab.learn.components import Components, Parts
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.learner import StepResult, TrainingBatch
from scratchlab.learn.losses.classification import Classification
from scratchlab.learn.losses.interface import EmbeddedBatch, Loss
from scratchlab.learn.losses.momentum import MomentumTerm
from scratchlab.learn.references import References
from scratchlab.learn.stored import Tensors
from scratchlab.learn.transformed import Transformed
from scratchlab.models.interface import Encoder
from scratchlab.models.transforms import checked
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Batch, Image, Inputs, LabelledInputs, Rows, TrainingView


class FantasyLearner(ClassLearner):
    """Learns a class for each class and transformation: class c under transformation m has index c · M + m."""

    def __init__(
        self, embedder: Transformed, train: LabelledInputs, classes: Rows, criterion: Classification, others: Iterable[Loss] = ()
    ) -> None:
        self.m, self.plain = len(embedder.names), Transformed(embedder, embedder.names[:1])
        super().__init__(embedder, train, np.arange(len(classes) * self.m), criterion, others)  # sets the number of class weights
        self.classes = classes
        self.index = np.full(int(classes.max()) + 1, -1)
        self.index[classes] = np.arange(len(classes)) * self.m

    def training_step(self, batch: TrainingBatch) -> StepResult:
        """The losses, averaged over the transformations of each input."""
        return StepResult(super().training_step(batch).loss.view(-1, self.m).mean(1))

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """The loss `[n]`, and whether the leading similarity, averaged over transformations, is largest for the correct class `[n]`."""
        if batch.episode is not None:
            return super().validation_step(batch)
        embedded, similarity = self.embed(batch, by_prototypes=False), self.criterion.similarities[self.criterion.leading]
        predicted = mean_over_transformations(similarity(embedded.embeddings, embedded.classes), self.m).argmax(1)
        return self.criterion.of_batch(embedded).view(-1, self.m).mean(1), predicted == embedded.target[:: self.m] // self.m

    def embed(self, batch: TrainingBatch, *, by_prototypes: bool) -> EmbeddedBatch:
        """n inputs give n · M embeddings and targets, those of an input in consecutive rows; in episodes, inputs are not transformed."""
        if by_prototypes:
            return dataclasses.replace(super().embed(batch, by_prototypes=True), embedder=self.plain)
        target = torch.from_numpy(self.index[batch.labels][:, None] + np.arange(self.m)).flatten()
        return EmbeddedBatch(self.embedder, batch.inputs, target.to(self.embedder.device), batch.rng(), self.class_weights)


def mean_over_transformations(scores: Tensor, m: int) -> Tensor:
    """Scores `[n * m, c * m]` -> `[n, c]`: means over the m transformations, each input with classes under the same transformation.

    >>> mean_over_transformations(torch.tensor([[1.0, 9.0, 2.0, 9.0], [9.0, 3.0, 9.0, 6.0]]), 2)
    tensor([[2., 4.]])
    """
    n, c = len(scores) // m, scores.shape[1] // m
    return scores.view(n, m, c, m).diagonal(dim1=1, dim2=3).mean(2)


class SAVC(Incremental):
    """The plain method, with references of each class under each transformation; scores are averaged over transformations.

    Built around an encoder; given to `scratchlab.run`, it learns and scores queries, `[n, classes]` for each head.

    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> SAVC(Conv4(), fantasies=["rotated_180"]).groups  # of parameters, for training={"rates": ...}
    ('body', 'readout', 'projection')
    """

    scores_by_embeddings = False
    embedders: dict[str, Transformed]

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        fantasies: Annotated[
            list[str],
            Field(description="transformations that create additional classes; empty: rotated_180 for images, backward for sound"),
        ] = [],
        weight: Annotated[float, Field(gt=0, description="weight of the contrastive loss")] = 1.0,
        temperature: Annotated[float, Field(gt=0, description="divides the similarities in the contrastive loss")] = 0.07,
        momentum: Annotated[float, Field(ge=0, lt=1, description="momentum of the momentum encoder")] = 0.999,
        queue: Annotated[int, Field(ge=1, description="number of keys from past steps in the queue")] = 8192,
        dim: Annotated[int, Field(ge=1, description="dimension of the keys")] = 128,
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(encoder, **parts)
        self.components.losses.require_class_weights("savc")
        form = self.components.embedder.frontend.form
        usual = ("rotated_180",) if isinstance(form, Image) else ("backward",)
        self.fantasies = ("same", *(checked(fantasies, form, "method.fantasies") or usual))
        self.weight, self.temperature, self.momentum, self.queue, self.dim = weight, temperature, momentum, queue, dim

    @property
    def groups(self) -> tuple[str, ...]:
        """The plain method's parameter groups, and `projection`, the MLP of the contrastive loss."""
        return (*super().groups, "projection")

    def train(self, view: TrainingView) -> None:
        """Trains the embedder on all classes under all transformations."""
        learner = self.fantasy_learner(view)
        self.components.trainer.train(learner, view.train, view.valid)
        self._transform()

    def _transform(self) -> None:
        self.embedders = {name: Transformed(self.embedder, [name]) for name in self.fantasies}

    def fantasy_learner(self, view: TrainingView) -> FantasyLearner:
        """The untrained learner."""
        embedder, losses = Transformed(self.embedder, self.fantasies), self.components.losses
        contrast = MomentumTerm(
            embedder, weight=self.weight, temperature=self.temperature, momentum=self.momentum, queue=self.queue, dim=self.dim
        )
        return FantasyLearner(embedder, view.train, view.classes, losses.criterion, [*losses.added, contrast])

    def make_references(self, rows: LabelledInputs, classes: Rows, limit: int | None = None) -> dict[str, References]:
        """References of these classes, by `similarity.transformation`."""
        return {
            f"{name}.{fantasy}": References.of(embedder, similarity, rows, classes, limit)
            for name, similarity in self.components.similarities.items()
            for fantasy, embedder in self.embedders.items()
        }

    def compared_by(self) -> Mapping[str, Similarity]:
        """The similarity of the references of each `similarity.transformation`."""
        return {f"{name}.{fantasy}": similarity for name, similarity in self.components.similarities.items() for fantasy in self.fantasies}

    def restore(self, kept: Tensors) -> None:
        """As the plain method, under each transformation."""
        super().restore(kept)
        self._transform()

    def class_scores(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`: scores of all known classes, averaged over transformations."""
        scores = [
            torch.cat([references.scores(embedder, inputs) for references in self.references[f"{name}.{fantasy}"]], 1)
            for fantasy, embedder in self.embedders.items()
        ]
        return torch.stack(scores).mean(0)

    def pair_scores(self, name: str, queries: Inputs, references: Inputs) -> Tensor:
        """`[n, m]`: similarity of each query to each reference, averaged over transformations, which apply to both."""
        similarity = self.components.similarities[name]
        return torch.stack([pair_scores(embedder, similarity, queries, references) for embedder in self.embedders.values()]).mean(0)

    def episode_scores(self, name: str, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> Tensor:
        """Scores `[episode, q, way]`, averaged over transformations, which apply to queries and references."""
        similarity = self.components.similarities[name]
        return torch.stack([episode_scores(embedder, similarity, support, query, load) for embedder in self.embedders.values()]).mean(0)
