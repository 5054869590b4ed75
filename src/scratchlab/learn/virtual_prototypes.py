"""Base class of the methods with virtual prototypes, FACT and FILL. The formulas and their source are in `losses/virtual.py`."""

from __future__ import annotations

from typing import Unpack

import torch
from torch import Tensor

from scratchlab.learn.class_learner import class_matrix_steps
from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.components import Components, Parts
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.losses.virtual import Beta, Count, Eta, Serves, Top, Virtual, Weight, check_unbiased, virtual_scores
from scratchlab.learn.references import embedded
from scratchlab.learn.stored import Tensors, under
from scratchlab.models.interface import Encoder
from scratchlab.types import Inputs, TrainingView


class VirtualPrototypes(Incremental):
    """Virtual prototypes in addition to class weights in training, and as intermediate step between queries and classes in scoring."""

    scores_by_embeddings = False

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        virtual: Count = 40,
        weight: Weight = 0.01,
        beta: Beta = 0.5,
        serves: Serves = 3,
        eta: Eta = 0.1,
        top: Top = 40,
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(encoder, **parts)
        self.components.losses.require_class_weights(type(self).__name__.lower())
        check_unbiased(self.components.losses.criterion)
        self.count, self.weight, self.beta, self.serves, self.eta, self.top = virtual, weight, beta, serves, eta, top

    @property
    def groups(self) -> tuple[str, ...]:
        """The plain method's parameter groups, and `virtual`."""
        return (*super().groups, "virtual")

    def train(self, view: TrainingView) -> None:
        """Trains embedder, class weights and virtual prototypes together."""
        loss = self.virtual_loss(view)
        self.learner(view, loss)
        self.virtual = loss.rows

    def virtual_loss(self, view: TrainingView) -> Virtual:
        """The loss weight · (reserve + forecast), with virtual prototypes for all similarities of the criterion."""
        criterion = self.components.losses.criterion
        similarities, seed = criterion.similarities.values(), self.components.trainer.seed
        virtual = ClassWeights(self.count, self.embedder, similarities, class_matrix_steps(self.embedder, view.train, similarities))
        return Virtual(criterion, virtual, weight=self.weight, beta=self.beta, serves=self.serves, seed=seed)

    @torch.no_grad()
    def class_scores(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`: the scores of FACT's eq. 8.

        Plain scores are returned for similarities without learned virtual prototypes, and for negated distances, because the product of
        two very negative scores, query → virtual and virtual → class, would be large.
        """
        plain, similarity, criterion = (
            super().class_scores(name, inputs),
            self.components.similarities[name],
            self.components.losses.criterion,
        )
        if self.eta == 0 or similarity.is_distance or name not in criterion.similarities:
            return plain
        virtual = self.virtual.embeddings(self.embedder.streams)
        to_virtual = similarity(embedded(self.embedder, inputs, similarity), virtual)
        classes = torch.cat([references.compare(virtual) for references in self.references[name]], 1)
        return virtual_scores(to_virtual, classes, criterion.temperature * plain, self.eta, self.top)

    def tensors(self) -> dict[str, Tensor]:
        """The plain method's tensors, and the virtual prototypes."""
        return {**super().tensors(), **{f"virtual.{name}": weights.detach() for name, weights in self.virtual.named_parameters()}}

    def restore(self, kept: Tensors) -> None:
        """As the plain method; also sets the virtual prototypes."""
        super().restore(kept)
        weights = under("virtual.", kept)
        steps = weights["matrix"].shape[1] if "matrix" in weights else 0
        self.virtual = ClassWeights(self.count, self.embedder, self.components.losses.criterion.similarities.values(), steps)
        self.virtual.load_state_dict(weights)
