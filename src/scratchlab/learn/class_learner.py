"""How the base classes are learned: an embedder and one row a class, under a sum of losses."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.learn.class_weights import ClassWeights
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.losses.classification import Classification
from scratchlab.learn.losses.interface import Loss, Step
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Batch, LabelledInputs, Rows

LOOKED_AT = 64  # inputs by which the number of steps of the class matrices is set


class ClassLearner:
    """The learner of a base session, for the Trainer. `judge` is the loss that validation judges by; `others` are added to it."""

    def __init__(
        self, embedder: Embedder, train: LabelledInputs, classes: Rows, judge: Classification, others: Iterable[Loss] = ()
    ) -> None:
        self.embedder, self.judge, self.others = embedder, judge, list(others)
        self.index = np.full(int(classes.max()) + 1, -1)
        self.index[classes] = np.arange(len(classes))
        compared = [*judge.compared.values(), *(one for loss in self.others for one in loss.needs())]
        self.rows = ClassWeights(len(classes), embedder, compared, row_steps(embedder, train, compared))
        self.module = nn.Module()
        self.module.body, self.module.rows, self.module.losses = embedder, self.rows, nn.ModuleList(self.others)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The embedder is the body, the class rows are the readout; losses may bring groups of their own."""
        own = {"body": list(self.embedder.parameters()), **self.rows.groups()}
        return own | {name: parameters for loss in self.others for name, parameters in loss.groups().items()}

    def _step(self, batch: Batch, labels: Rows, rng: RowRNG | None) -> Step:
        return Step(self.embedder, batch, torch.from_numpy(self.index[labels]).to(self.embedder.device), rng, self.rows)

    def losses(self, batch: Batch, labels: Rows, rng: RowRNG) -> Tensor:
        """The sum of all losses `[n]`."""
        step = self._step(batch, labels, rng)
        total: Tensor = self.judge(step)
        for loss in self.others:
            total = total + loss(step)
        return total

    def judged(self, batch: Batch, labels: Rows) -> tuple[Tensor, Tensor]:
        """The loss `[n]` and whether the leading similarity is largest at the right class `[n]`."""
        step = self._step(batch, labels, None)
        answers = self.judge.logits(self.judge.leading, step.embedded, step.classes).argmax(1)
        return self.judge(step), answers == step.target


@torch.no_grad()
def row_steps(embedder: Embedder, train: LabelledInputs, compared: Iterable[Similarity]) -> int:
    """How long a learned class matrix is: the mean number of steps of some training inputs' matrices, where any are compared."""
    if all(one.reads == "vector" for one in compared):
        return 1
    positions = np.unique(np.linspace(0, len(train) - 1, LOOKED_AT).astype(np.int64))
    was = embedder.training
    embedder.eval()
    lengths = embedder(train.batch(positions)).lengths
    embedder.train(was)
    return max(1, round(float(lengths.cpu().double().mean())))
