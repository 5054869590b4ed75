"""FACT: Zhou, Wang, Ye, Ma, Pu and Zhan (2022), "Forward Compatible Few-Shot Class-Incremental Learning", arXiv 2203.06953.

1. Base training (section 4.1, eqs. 4-7). Beside one learned row a class stand V virtual prototypes, rows of no class. Cross-entropy comes
   with weight · (reserve + forecast): once its true class is left out, an input should fall to a virtual prototype that may serve this
   class; and an input mixed half-way through the encoder from two of different classes should fall to any virtual prototype, and behind it
   to the real class it is most similar to. So the space between classes is kept for classes to come.
2. A new class is the mean of its shots (or the shots), by the frozen embedder.
3. An answer (section 4.3, eq. 8) is eta · softmax of the similarities query → virtual → class, over the `top` virtual prototypes nearest
   to the query, plus (1 - eta) · softmax of the scaled similarities query → class; here as a logarithm.

The settings are those published for CIFAR-100 (40 virtual prototypes for 40 classes to come). Departures: in the authors' code the
virtual weights share memory with the classifier's on one device and not after a move to another; here they are parameters of their own.
The terms of mixed inputs are averaged over all pairs of a batch, those of one class counting as 0, where the authors leave them out.
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
from scratchlab.learn.references import embedded
from scratchlab.models.interface import Encoder
from scratchlab.types import Inputs, TrainingView


class FACT(Incremental):
    """Virtual prototypes beside the class rows in training, and between queries and classes afterwards."""

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
        self.components.losses.require_class_weights("fact")
        check_unbiased(self.components.losses.criterion)
        self.count, self.weight, self.beta, self.serves, self.eta, self.top = virtual, weight, beta, serves, eta, top

    @property
    def groups(self) -> tuple[str, ...]:
        """Those of the plain method, and the virtual prototypes."""
        return (*super().groups, "virtual")

    def train(self, view: TrainingView) -> None:
        """Trains embedder, class rows and virtual prototypes together."""
        loss = self.virtual_loss(view)
        self.learner(view, loss)
        self.virtual = loss.rows

    def virtual_loss(self, view: TrainingView) -> Virtual:
        """weight · (reserve + forecast), with virtual prototypes of all parts of an embedding that the cross-entropy compares."""
        criterion = self.components.losses.criterion
        compared, seed = criterion.compared.values(), self.components.trainer.seed
        virtual = ClassWeights(self.count, self.embedder, compared, row_steps(self.embedder, view.train, compared))
        return Virtual(criterion, virtual, len(view.classes), weight=self.weight, beta=self.beta, serves=self.serves, seed=seed)

    @torch.no_grad()
    def compared(self, name: str, inputs: Inputs) -> Tensor:
        """`[n, c]`: the answer of eq. 8.

        A similarity answers as it is where no virtual prototypes were learned for it, and where its scores are negated distances: of two
        that are low, the product query → virtual → class would be high.
        """
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
