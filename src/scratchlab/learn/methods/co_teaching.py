"""Co-teaching: Han, Yao, Yu, Niu, Xu, Hu, Tsang and Sugiyama (2018), "Co-teaching: Robust Training of Deep Neural Networks with Extremely
Noisy Labels", arXiv 1804.06872, algorithm 1.

Two networks learn from the same batches. Each selects the rows of a batch with its smallest losses, the share
R(e) = 1 - tau · min(e / ramp, 1) in epoch e of the phase, and the other one learns from these. In the phase `warm-up` both learn from every
row; the published schedule has none. tau is the share that is left out in the end: the published runs set it to the known rate of wrong
labels, which is privileged knowledge.

The first network answers, so a trained run costs no more than that of one network. The second is kept among the weights. The ledger is
that of the first network: the loss of each row, and whether its peer selected it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from scratchlab.learn import parallel
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.incremental import Components, Incremental
from scratchlab.learn.learner import Learner, StepResult, TrainingBatch
from scratchlab.learn.phases import Phase, PhaseKind
from scratchlab.types import Rows, TrainingView

PHASES = {"warm-up": PhaseKind(epochs=0), "co-teaching": PhaseKind()}


class CoTeachingLearner(Learner):
    """Two networks that select for each other."""

    phases = PHASES

    def __init__(self, networks: Sequence[ClassLearner], tau: float, ramp: int) -> None:
        self.networks, self.tau, self.ramp = networks, tau, ramp
        self.module = nn.Module()
        self.module.network0, self.module.network1 = (network.module for network in networks)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Those of each network, `network0.body` and so on."""
        return {f"network{i}.{name}": group for i, network in enumerate(self.networks) for name, group in network.groups().items()}

    def kept_share(self, epoch: int, phase: Phase) -> float:
        """R(e), of the rows of a batch."""
        return 1.0 if phase.name == "warm-up" else 1 - self.tau * min((epoch - phase.first) / self.ramp, 1)

    def training_step(self, batch: TrainingBatch) -> StepResult:
        """The loss of each network on what the other selected, zero where that is nothing, which is counted."""
        losses = torch.stack([network.training_step(batch).loss for network in self.networks], 1)
        kept = round(self.kept_share(batch.epoch, batch.phase) * batch.size)
        selected = smallest(parallel.gather(losses.detach()), kept)[torch.from_numpy(batch.places)].flip(1)  # by the peer
        lowered = (losses * selected).sum(1) * (batch.size / max(kept, 1))
        return StepResult(lowered, {"loss": losses[:, 0], "selected": selected[:, 0]}, {"empty_selections": int(kept == 0)})

    def validates_by_episodes(self, labels: Rows, phase: Phase) -> bool:
        """As the first network does."""
        return self.networks[0].validates_by_episodes(labels, phase)

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """Of the first network, which answers."""
        return self.networks[0].validation_step(batch)


def smallest(losses: Tensor, count: int) -> Tensor:
    """Losses `[n, k]` -> `[n, k]`: 1 for the `count` smallest of each column, the first of equals; 0 for the others.

    >>> smallest(torch.tensor([[0.3, 2.0], [0.1, 1.0], [0.2, 2.0]]), 2).T.tolist()
    [[0.0, 1.0, 1.0], [1.0, 1.0, 0.0]]
    """
    return torch.zeros_like(losses).scatter_(0, losses.argsort(dim=0, stable=True)[:count], 1.0)


class CoTeaching(Incremental):
    """Class means (or shots) by the first of two networks, each of which learned from the rows that the other found easy."""

    phases = PHASES

    def __init__(
        self,
        components: Components,
        *,
        tau: Annotated[
            float, Field(ge=0, lt=1, description="share of the rows that is left out in the end; privileged where it is a known noise rate")
        ],
        ramp: Annotated[int, Field(ge=1, description="epochs over which this share grows from 0 (T_k)")] = 10,
    ) -> None:
        super().__init__(components)
        components.losses.require_class_weights("co_teaching")
        self.tau, self.ramp = tau, ramp
        self.second = components.build_embedder(components.trainer.seed + 1)

    @property
    def groups(self) -> tuple[str, ...]:
        """Those of the plain method, of each network."""
        return tuple(f"network{i}.{name}" for i in range(2) for name in super(CoTeaching, self).groups)

    def train(self, view: TrainingView) -> None:
        """Trains both networks."""
        self.components.trainer.train(self.co_teaching_learner(view), view.train, view.valid)

    def co_teaching_learner(self, view: TrainingView) -> CoTeachingLearner:
        """The learner, untrained."""
        losses = self.components.losses
        networks = [
            ClassLearner(embedder, view.train, view.classes, losses.criterion, losses.added) for embedder in (self.embedder, self.second)
        ]
        return CoTeachingLearner(networks, self.tau, self.ramp)

    def tensors(self) -> dict[str, Tensor]:
        """With the second network's embedder."""
        return {**super().tensors(), **{f"network1.{name}": tensor for name, tensor in self.second.state_dict().items()}}
