"""SAVC: Song, Zhao, Shi, Peng, Yuan and Tian (2023), "Learning with Fantasy: Semantic-Aware Virtual Contrastive Constraint for Few-Shot
Class-Incremental Learning", arXiv 2304.00426.

Each class becomes M classes, one for each transformation of its inputs, the first of which leaves them as they are: base training tells all
C · M apart (section 3.3), under the recipe's losses and a supervised contrast with a queue and a momentum encoder (section 3.2). A query is
answered by the mean over the M transformations of it, each compared with the references of the same transformation. The published settings:
half a turn of images (M = 2), a queue of 8192 keys of 128 numbers; its momentum is 0.999 or 0.995, by data set.

Departures. There are no small crops beside the two augmented views; their share (0.8 of 1) falls to the whole views. One view serves both
the classification and the contrast. Spectrograms are reversed in time: the word said backwards is what a network that hears no order would
take for the word. The slow copy begins as the untrained network, so in a short training a momentum of 0.999 keeps much of that:
900 steps leave 0.4 of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
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
from scratchlab.learn.losses.momentum import MomentumContrast
from scratchlab.learn.references import References
from scratchlab.learn.transformed import Transformed
from scratchlab.models.interface import Encoder
from scratchlab.models.transforms import checked
from scratchlab.types import Batch, Image, Inputs, LabelledInputs, Rows, TrainingView


class FantasyLearner(ClassLearner):
    """A row for each class and transformation; class c under transformation m stands at c · M + m."""

    def __init__(
        self, embedder: Transformed, train: LabelledInputs, classes: Rows, criterion: Classification, others: Iterable[Loss] = ()
    ) -> None:
        self.m, self.plain = len(embedder.names), Transformed(embedder, embedder.names[:1])
        super().__init__(embedder, train, np.arange(len(classes) * self.m), criterion, others)  # as many class weights as this
        self.classes = classes
        self.index = np.full(int(classes.max()) + 1, -1)
        self.index[classes] = np.arange(len(classes)) * self.m

    def training_step(self, batch: TrainingBatch) -> StepResult:
        """The mean over an input's transformations."""
        return StepResult(super().training_step(batch).loss.view(-1, self.m).mean(1))

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """The loss `[n]`, and whether the leading similarity, averaged over transformations, is largest at the right class `[n]`."""
        if batch.episode is not None:
            return super().validation_step(batch)
        embedded, similarity = self.embed(batch, by_prototypes=False), self.criterion.compared[self.criterion.leading]
        answers = agreed(similarity(embedded.embeddings, embedded.classes), self.m).argmax(1)
        return self.criterion(embedded).view(-1, self.m).mean(1), answers == embedded.target[:: self.m] // self.m

    def embed(self, batch: TrainingBatch, *, by_prototypes: bool) -> EmbeddedBatch:
        """n inputs give n · M embeddings and targets, those of an input side by side; in validation by episodes, they stay as they are."""
        if by_prototypes:
            return dataclasses.replace(super().embed(batch, by_prototypes=True), embedder=self.plain)
        target = torch.from_numpy(self.index[batch.labels][:, None] + np.arange(self.m)).flatten()
        return EmbeddedBatch(self.embedder, batch.inputs, target.to(self.embedder.device), batch.rng(), self.class_weights)


def agreed(scores: Tensor, m: int) -> Tensor:
    """`[n * m, c * m]` -> `[n, c]`: the mean over transformations of what each transformed input scores with classes transformed alike.

    >>> agreed(torch.tensor([[1.0, 9.0, 2.0, 9.0], [9.0, 3.0, 9.0, 6.0]]), 2)
    tensor([[2., 4.]])
    """
    n, c = len(scores) // m, scores.shape[1] // m
    return scores.view(n, m, c, m).diagonal(dim1=1, dim2=3).mean(2)


class SAVC(Incremental):
    """References of every class under every transformation."""

    embedders: dict[str, Transformed]

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        fantasies: Annotated[
            list[str], Field(description="transformations that make further classes; empty: rotated_180 for images, backward for sound")
        ] = [],
        weight: Annotated[float, Field(gt=0, description="share of the contrast")] = 1.0,
        temperature: Annotated[float, Field(gt=0, description="divides the similarities in the contrast")] = 0.07,
        momentum: Annotated[float, Field(ge=0, lt=1, description="share of itself that the slow encoder keeps in a step")] = 0.999,
        queue: Annotated[int, Field(ge=1, description="keys of past steps that an input is contrasted with")] = 8192,
        dim: Annotated[int, Field(ge=1, description="numbers of a key")] = 128,
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
        """Those of the plain method, and the projection before the contrast."""
        return (*super().groups, "projection")

    def train(self, view: TrainingView) -> None:
        """Trains the embedder on all classes under all transformations."""
        learner = self.fantasy_learner(view)
        self.components.trainer.train(learner, view.train, view.valid)
        self.embedders = {name: Transformed(self.embedder, [name]) for name in self.fantasies}

    def fantasy_learner(self, view: TrainingView) -> FantasyLearner:
        """The learner, untrained."""
        several, losses = Transformed(self.embedder, self.fantasies), self.components.losses
        contrast = MomentumContrast(
            several, weight=self.weight, temperature=self.temperature, momentum=self.momentum, queue=self.queue, dim=self.dim
        )
        return FantasyLearner(several, view.train, view.classes, losses.criterion, [*losses.added, contrast])

    def make_references(self, rows: LabelledInputs, classes: Rows, most: int | None = None) -> dict[str, References]:
        """By `similarity.transformation`."""
        return {
            f"{name}.{fantasy}": References.of(embedder, similarity, rows, classes, most)
            for name, similarity in self.components.similarities.items()
            for fantasy, embedder in self.embedders.items()
        }

    def compared(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`: the mean over transformations."""
        scores = [
            torch.cat([one.scores(embedder, inputs) for one in self.references[f"{name}.{fantasy}"]], 1)
            for fantasy, embedder in self.embedders.items()
        ]
        return torch.stack(scores).mean(0)

    def pair_scores(self, name: str, queries: Inputs, references: Inputs) -> Tensor:
        """`[n, m]`: the mean over transformations of both."""
        similarity = self.components.similarities[name]
        return torch.stack([pair_scores(one, similarity, queries, references) for one in self.embedders.values()]).mean(0)

    def episode_scores(self, name: str, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> Tensor:
        """`[episode, q, way]`: the mean over transformations of queries and references."""
        similarity = self.components.similarities[name]
        return torch.stack([episode_scores(one, similarity, support, query, load) for one in self.embedders.values()]).mean(0)
