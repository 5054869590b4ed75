"""FILL-style combination: virtual prototypes while the base is learned, calibration of the new classes' prototypes afterwards.

Source: "FILL", doi 10.21437/Interspeech.2024-1823, which brings FACT (arXiv 2203.06953) and TEEN (arXiv 2312.05229) together on
BC-ResNet for keyword spotting.

1. Base training as in FACT: cross-entropy + weight · (reserve + forecast), which keeps the space between classes for virtual prototypes,
   rows of no class (`losses/virtual.py`).
2. A new class is the mean of its shots (or the shots), moved as in TEEN by `share` towards the base classes it is similar to
   (`similarity/calibration.py`).
3. An answer as in FACT: eta · softmax(query → virtual → class) + (1 - eta) · softmax(scaled similarity query → class), as a logarithm.

The settings of the parts are those of their papers; 15 virtual prototypes for its 15 words to come.
"""

from __future__ import annotations

from typing import Unpack

import torch
from torch import Tensor

from scratchlab.learn.class_learner import row_steps
from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.components import Components, Parts
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.losses.virtual import Beta, Count, Eta, Serves, Top, Virtual, Weight, answer_through, check_unbiased
from scratchlab.learn.references import References, embedded
from scratchlab.models.interface import Encoder
from scratchlab.similarity.calibration import Share, Sharpness, calibrated
from scratchlab.types import Embeddings, Inputs, TrainingView


class FILL(Incremental):
    """FACT's training and answers, with TEEN's prototypes."""

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
        """Those of the plain method, and the virtual prototypes."""
        return (*super().groups, "virtual")

    def train(self, view: TrainingView) -> None:
        """Trains embedder, class rows and virtual prototypes together."""
        criterion, seed = self.components.losses.criterion, self.components.trainer.seed
        compared = criterion.compared.values()
        self.virtual = ClassWeights(self.count, self.embedder, compared, row_steps(self.embedder, view.train, compared))
        loss = Virtual(criterion, self.virtual, len(view.classes), weight=self.weight, beta=self.beta, serves=self.serves, seed=seed)
        self.learner(view, loss)

    def adapted(self, new: Embeddings, base: References) -> Embeddings:
        """New references, calibrated; so are those of few-shot episodes."""
        return calibrated(new, base.means(), base.similarity, self.share, self.sharpness)

    @torch.no_grad()
    def compared(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`: the answer through the virtual prototypes; a similarity's own where it has none, or is a negated distance."""
        plain, similarity, criterion = super().compared(name, inputs), self.components.similarities[name], self.components.losses.criterion
        if self.eta == 0 or similarity.is_distance or name not in criterion.compared:
            return plain
        virtual = self.virtual.embeddings(self.embedder.streams)
        near = similarity(embedded(self.embedder, inputs, similarity), virtual)
        classes = torch.cat([one.compare(virtual) for one in self.references[name]], 1)
        return answer_through(near, classes, criterion.temperature * plain, self.eta, self.top)

    def tensors(self) -> dict[str, Tensor]:
        """With the virtual prototypes."""
        return {**super().tensors(), **{f"virtual.{name}": rows.detach() for name, rows in self.virtual.named_parameters()}}
