"""What trains under the epoch loop: the learner, and what it is given and gives back at each step."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.data.samplers.interface import Episode
from scratchlab.learn.phases import SINGLE, Phase, PhaseKinds
from scratchlab.types import Batch, LabelledInputs, Rows, Strings


@dataclass(eq=False)
class TrainingBatch:
    """This process's part of the rows of one step, or of one batch of an evaluation.

    rows: all training (or validation) rows, with their given labels. positions: `[n]`, which of them this is. places: `[n]`, where these
    stand in the whole batch, which has `size` rows over all processes. episode: the layout of the whole batch, where it is an episode.
    seed: None in evaluation, which is without augmentation.
    """

    rows: LabelledInputs
    positions: Rows
    places: Rows
    size: int
    epoch: int
    step: int
    phase: Phase
    seed: int | None = None
    episode: Episode | None = None

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def labels(self) -> Rows:
        """`[n]`: the given labels."""
        return self.rows.labels[self.positions]

    @property
    def ids(self) -> Strings:
        """`[n]`: the names of the samples."""
        return self.rows.ids[self.positions]

    @functools.cached_property
    def inputs(self) -> Batch:
        """The inputs, loaded when they are first asked for."""
        return self.rows.batch(self.positions)

    @property
    def support(self) -> npt.NDArray[np.bool_]:
        """`[n]`: whether each row is a support row; only where the batch is an episode."""
        assert self.episode is not None
        return self.episode.support(self.places)

    def rng(self) -> RowRNG | None:
        """Random numbers by row, from their beginning each time: two networks that ask see the same augmentation. None in evaluation."""
        return None if self.seed is None else RowRNG(self.seed, self.epoch, self.rows.rows[self.positions])


@dataclass(frozen=True)
class StepResult:
    """What a step comes to.

    loss: `[n]`, a loss for each row; its mean over the rows of the whole batch is lowered. facts: `[n]` each, what the ledger keeps of the
    rows, NaN where there is nothing to say: weight, selected, pseudo_label, clean_posterior, agreement, and loss where the loss of a row is
    not what is lowered. counts: what is added up over an epoch, for its record; over all processes already.
    """

    loss: Tensor
    facts: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    counts: Mapping[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def of_queries(cls, loss: Tensor, batch: TrainingBatch) -> StepResult:
        """From the loss `[q]` of the queries of an episode alone: their mean is what is lowered, and support rows have no loss."""
        assert batch.episode is not None
        whole = over_rows(loss, batch)
        support = torch.from_numpy(batch.support).to(loss.device)
        return cls(whole / batch.episode.query_share, {"loss": whole.detach().masked_fill(support, torch.nan)})


def over_rows(values: Tensor, batch: TrainingBatch) -> Tensor:
    """Values `[q]` of the queries of an episode -> `[n]`, zero for the support."""
    queries = torch.from_numpy(np.flatnonzero(~batch.support)).to(values.device)
    return values.new_zeros(len(batch)).index_copy(0, queries, values)


Evaluate = Callable[[Callable[[TrainingBatch], Tensor]], Tensor]
"""Calls a function of a batch, `[n, ...]`, on all training rows, in evaluation mode and without gradients: `[rows, ...]` in their order."""


class Learner:
    """What a method shows of itself to be trained.

    module: holds everything that a checkpoint must, moving averages and mixture models among it as buffers. phases: those it knows, by
    name. rates: of groups of its own, where the recipe gives none.
    """

    module: nn.Module
    phases: PhaseKinds = SINGLE
    rates: Mapping[str, float] = {}

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by the name under which a recipe gives their rate."""
        raise NotImplementedError

    def training_step(self, batch: TrainingBatch) -> StepResult:
        """The losses of a batch, with augmentation. Called again with the same batch, it gives the same."""
        raise NotImplementedError

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """Without augmentation: the loss `[n]`, and whether the answer is right `[n]`; those of support rows do not count."""
        raise NotImplementedError

    def validates_by_episodes(self, labels: Rows, phase: Phase) -> bool:
        """Whether rows with these labels are validated by episodes, because it has learned nothing of their classes."""
        del labels, phase
        return False

    def begin_epoch(self, epoch: int, phase: Phase, evaluate: Evaluate) -> None:
        """Called before the first step of every epoch, in all processes; what it keeps must be in buffers of the module."""
