"""FILL-style combination: virtual prototypes in base training, calibration of the prototypes of new classes.

Source: "FILL", doi 10.21437/Interspeech.2024-1823, which combines FACT (arXiv 2203.06953) and TEEN (arXiv 2312.05229) with BC-ResNet for
keyword spotting.

1. Base training as in FACT: cross-entropy + weight · (reserve + forecast), which reserves space between classes by means of virtual
   prototypes, which belong to no class (`losses/virtual.py`).
2. A new class is represented by the mean of its shots (or the shots), moved as in TEEN by `share` towards the base classes it is similar to
   (`similarity/calibration.py`).
3. Scores as in FACT: eta · softmax(query → virtual → class) + (1 - eta) · softmax(temperature · similarity query → class), as a logarithm.

The default settings of the parts are those of their papers; 15 virtual prototypes, for the 15 future words of the FILL paper.
"""

from __future__ import annotations

from typing import Unpack

import torch
from torch import Tensor

from scratchlab.learn.class_learner import class_matrix_steps
from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.components import Components, Parts
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.losses.virtual import Beta, Count, Eta, Serves, Top, Virtual, Weight, check_unbiased, virtual_scores
from scratchlab.learn.references import References, embedded
from scratchlab.models.interface import Encoder
from scratchlab.similarity.calibration import Share, Sharpness, calibrated
from scratchlab.types import Embeddings, Inputs, TrainingView


class FILL(Incremental):
    """FACT's training and scores, with TEEN's prototypes."""

    scores_by_embeddings = False

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        virtual: Count = 15,
        weight: Weight = 0.01,
        beta: Beta = 0.5,
        serves: Serves = 3,
        eta: Eta = 0.1,
        top: Top = 40,
        share: Share = 0.5,
        sharpness: Sharpness = 16.0,
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(encoder, **parts)
        self.components.losses.require_class_weights("fill")
        check_unbiased(self.components.losses.criterion)
        self.count, self.weight, self.beta, self.serves, self.eta, self.top = virtual, weight, beta, serves, eta, top
        self.share, self.sharpness = share, sharpness

    @property
    def groups(self) -> tuple[str, ...]:
        """The plain method's parameter groups, and `virtual`."""
        return (*super().groups, "virtual")

    def train(self, view: TrainingView) -> None:
        """Trains embedder, class weights and virtual prototypes together."""
        criterion, seed = self.components.losses.criterion, self.components.trainer.seed
        similarities = criterion.similarities.values()
        steps = class_matrix_steps(self.embedder, view.train, similarities)
        self.virtual = ClassWeights(self.count, self.embedder, similarities, steps)
        loss = Virtual(criterion, self.virtual, len(view.classes), weight=self.weight, beta=self.beta, serves=self.serves, seed=seed)
        self.learner(view, loss)

    def adapt(self, new: Embeddings, base: References) -> Embeddings:
        """The calibrated references of new classes, and of few-shot episodes."""
        return calibrated(new, base.means(), base.similarity, self.share, self.sharpness)

    @torch.no_grad()
    def class_scores(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`: scores through virtual prototypes; plain scores for similarities without them, and for negated distances."""
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
