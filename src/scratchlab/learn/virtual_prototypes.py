"""Virtual prototypes, rows of no class, beside the class rows in training and between queries and classes afterwards.

Source: Zhou, Wang, Ye, Ma, Pu and Zhan (2022), "Forward Compatible Few-Shot Class-Incremental Learning", arXiv 2203.06953, sections 4.1
and 4.3; losses and answer are in `losses/virtual.py`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from scratchlab.learn.class_learner import row_steps
from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.incremental import Components, Incremental
from scratchlab.learn.losses.virtual import Virtual, answer_through, check_unbiased
from scratchlab.learn.references import embedded
from scratchlab.types import Inputs, TrainingView


class WithVirtualPrototypes(Incremental):
    """What methods with virtual prototypes have in common; the settings are those of `losses/virtual.py`, method: the name for messages."""

    def __init__(
        self, components: Components, method: str, *, virtual: int, weight: float, beta: float, serves: int, eta: float, top: int
    ) -> None:
        super().__init__(components)
        components.losses.require_class_weights(method)
        check_unbiased(components.losses.criterion)
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
