"""Methods that reserve room for classes to come: base training with virtual prototypes, and answers that also go through them.

Source: Zhou et al. (2022), arXiv 2203.06953: section 4.1 (training), section 4.3, eq. 8 (inference).
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.learn.class_learner import row_steps
from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.incremental import Components, Incremental
from scratchlab.learn.losses.classification import Classification
from scratchlab.learn.losses.virtual import Virtual
from scratchlab.learn.references import embedded
from scratchlab.types import Inputs, TrainingView

Count = Annotated[int, Field(ge=1, description="virtual prototypes; the paper: as many as classes are to come")]
Weight = Annotated[float, Field(gt=0, description="share of the virtual losses")]
Beta = Annotated[float, Field(gt=0, description="both parameters of the Beta distribution that mixes two inputs")]
Serves = Annotated[int, Field(ge=1, description="base classes that each virtual prototype may serve, drawn once")]
Eta = Annotated[float, Field(ge=0, le=1, description="share of the answer that goes through the virtual prototypes")]
Top = Annotated[int, Field(ge=1, description="virtual prototypes nearest to a query that it goes through")]


class Reserved(Incremental):
    """`count` virtual prototypes beside the class rows in training, and between queries and classes afterwards."""

    def __init__(self, components: Components, count: int, weight: float, beta: float, serves: int, eta: float, top: int) -> None:
        super().__init__(components)
        components.losses.require_class_weights(type(self).__name__.lower())
        for name, similarity in components.losses.criterion.compared.items():
            if similarity.biased:
                raise Problem(
                    f"Virtual prototypes are compared with embeddings as class means are, and rows that '{name}' learns have a bias, which "
                    "those have not; train on another similarity, such as cosine or l2."
                )
        self.count, self.weight, self.beta, self.serves, self.eta, self.top = count, weight, beta, serves, eta, top

    @property
    def groups(self) -> tuple[str, ...]:
        """Those of the plain method, and the virtual rows."""
        return (*super().groups, "virtual")

    def train(self, view: TrainingView) -> None:
        """Trains embedder, class rows and virtual rows together."""
        loss = self.virtual_loss(view, self.components.losses.criterion)
        self.learner(view, loss)
        self.virtual = loss.rows

    def virtual_loss(self, view: TrainingView, criterion: Classification) -> Virtual:
        """The loss, with virtual rows of its own that read what the criterion compares."""
        compared = criterion.compared.values()
        rows = ClassWeights(self.count, self.embedder, compared, row_steps(self.embedder, view.train, compared))
        shape = {"weight": self.weight, "beta": self.beta}
        return Virtual(criterion, rows, len(view.classes), **shape, serves=self.serves, seed=self.components.trainer.seed)

    @torch.no_grad()
    def compared(self, name: str, inputs: Inputs) -> Tensor:
        """The logarithm of η · softmax(to virtual · virtual to classes) + (1 - η) · softmax(scaled similarity), `[n, c]`.

        A logarithm, so that a fusion meets what is as evenly spread as other similarities' scores. A similarity answers as it is where no
        virtual rows were learned for it, and where its scores are negated costs: of two that are low, the product would be high.
        """
        plain, similarity, criterion = super().compared(name, inputs), self.components.similarities[name], self.components.losses.criterion
        if self.eta == 0 or similarity.costs or name not in criterion.compared:
            return plain
        virtual = self.virtual.embeddings(self.embedder.streams)
        near = similarity(embedded(self.embedder, inputs, similarity), virtual)
        best = near.topk(min(self.top, self.count), dim=1)
        near = torch.zeros_like(near).scatter(1, best.indices, best.values)
        through = near @ torch.cat([one.compare(virtual) for one in self.blocks[name]], 1)
        shares = torch.tensor([self.eta, 1 - self.eta], dtype=plain.dtype, device=plain.device).log()
        return torch.logaddexp(shares[0] + through.log_softmax(1), shares[1] + (criterion.temperature * plain).log_softmax(1))

    def tensors(self) -> dict[str, Tensor]:
        """With the virtual rows."""
        return {**super().tensors(), **{f"virtual.{name}": rows.detach() for name, rows in self.virtual.named_parameters()}}
