"""Co-teaching: Han, Yao, Yu, Niu, Xu, Hu, Tsang and Sugiyama (2018), "Co-teaching: Robust Training of Deep Neural Networks with Extremely
Noisy Labels", arXiv 1804.06872, algorithm 1.

Two networks train on the same batches. In epoch e of the phase, each selects the fraction R(e) = 1 - tau · min(e / ramp, 1) of a batch's
rows that have its smallest losses, and the other network is trained on these rows. In the phase `warm-up`, both networks train on all rows;
the published schedule has no warm-up. tau is the fraction that is finally left out: the published runs set it to the known rate of wrong
labels, which is privileged information.

Only the first network is used for scoring, so inference costs the same as with a single network. The second one is stored with the weights.
The ledger is that of the first network: the loss of each row, and whether the other network selected it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Unpack

import torch
from pydantic import Field
from torch import Tensor, nn

from scratchlab.learn import parallel
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.components import Components, Parts
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.learner import Learner, StepResult, TrainingBatch
from scratchlab.learn.phases import Phase, PhaseKind
from scratchlab.learn.stored import Tensors, under
from scratchlab.models.interface import Encoder
from scratchlab.types import Rows, TrainingView

PHASES = {"warm-up": PhaseKind(epochs=0), "co-teaching": PhaseKind()}


class CoTeachingLearner(Learner):
    """Trains two networks, each on the rows that the other selects."""

    phases = PHASES

    def __init__(self, networks: Sequence[ClassLearner], tau: float, ramp: int) -> None:
        self.networks, self.tau, self.ramp = networks, tau, ramp
        self.module = nn.Module()
        self.module.network0, self.module.network1 = (network.module for network in networks)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The parameter groups of each network: `network0.body` and so on."""
        return {f"network{i}.{name}": group for i, network in enumerate(self.networks) for name, group in network.groups().items()}

    def kept_fraction(self, epoch: int, phase: Phase) -> float:
        """R(e): the fraction of a batch's rows that is selected."""
        return 1.0 if phase.name == "warm-up" else 1 - self.tau * min((epoch - phase.first) / self.ramp, 1)

    def training_step(self, batch: TrainingBatch) -> StepResult:
        """The sum of both networks' losses on the rows that the other selected; 0 if none was selected, which is counted."""
        losses = torch.stack([network.training_step(batch).loss for network in self.networks], 1)
        n_kept = round(self.kept_fraction(batch.epoch, batch.phase) * batch.size)
        selected = mask_of_smallest(parallel.gather(losses.detach()), n_kept)[torch.from_numpy(batch.places)].flip(
            1
        )  # column i: selected by the other network
        total = (losses * selected).sum(1) * (batch.size / max(n_kept, 1))
        return StepResult(total, {"loss": losses[:, 0], "selected": selected[:, 0]}, {"empty_selections": int(n_kept == 0)})

    def validates_by_episodes(self, labels: Rows, phase: Phase) -> bool:
        """As the first network does."""
        return self.networks[0].validates_by_episodes(labels, phase)

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """Loss and correctness of the first network, which is the one used for scoring."""
        return self.networks[0].validation_step(batch)


def mask_of_smallest(losses: Tensor, count: int) -> Tensor:
    """Losses `[n, k]` -> `[n, k]`: 1 for the `count` smallest of each column (of equals, the first); 0 for the others.

    >>> mask_of_smallest(torch.tensor([[0.3, 2.0], [0.1, 1.0], [0.2, 2.0]]), 2).T.tolist()
    [[0.0, 1.0, 1.0], [1.0, 1.0, 0.0]]
    """
    return torch.zeros_like(losses).scatter_(0, losses.argsort(dim=0, stable=True)[:count], 1.0)


class CoTeaching(Incremental):
    """The plain method with the first of two networks, each trained on the rows with small losses in the other.

    Built around an encoder; given to `scratchlab.run`, it learns and scores queries, `[n, classes]` for each head.

    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> CoTeaching(Conv4(), tau=0.2).groups  # of parameters, for training={"rates": ...}
    ('network0.body', 'network0.readout', 'network1.body', 'network1.readout')
    """

    scores_by_embeddings = False
    phases = PHASES

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        tau: Annotated[
            float,
            Field(
                ge=0,
                lt=1,
                description="fraction of the rows that is finally left out; privileged if it is the known noise rate",
            ),
        ],
        ramp: Annotated[int, Field(ge=1, description="epochs over which this fraction grows from 0 (T_k)")] = 10,
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(encoder, **parts)
        self.components.losses.require_class_weights("co_teaching")
        self.tau, self.ramp = tau, ramp
        self.second = self.components.build_embedder(self.components.trainer.seed + 1)

    @property
    def groups(self) -> tuple[str, ...]:
        """The plain method's parameter groups, for each network."""
        return tuple(f"network{i}.{name}" for i in range(2) for name in super(CoTeaching, self).groups)

    def train(self, view: TrainingView) -> None:
        """Trains both networks."""
        self.components.trainer.train(self.co_teaching_learner(view), view.train, view.valid)

    def co_teaching_learner(self, view: TrainingView) -> CoTeachingLearner:
        """The untrained learner."""
        losses = self.components.losses
        networks = [
            ClassLearner(embedder, view.train, view.classes, losses.criterion, losses.added) for embedder in (self.embedder, self.second)
        ]
        return CoTeachingLearner(networks, self.tau, self.ramp)

    def tensors(self) -> dict[str, Tensor]:
        """The plain method's tensors, and the second network's embedder."""
        return {**super().tensors(), **{f"network1.{name}": tensor for name, tensor in self.second.state_dict().items()}}

    def restore(self, kept: Tensors) -> None:
        """As the plain method; also loads the second network."""
        super().restore(kept)
        self.second.load_state_dict(under("network1.", kept))
