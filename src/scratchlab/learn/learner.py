"""Interface between the training loop and what it trains: the learner, its batches and the results of its steps."""

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
    """This process's part of a training or evaluation batch.

    rows: all training (or evaluation) rows, with their given labels, which may be noisy. positions: `[n]`, indices into `rows`. places:
    `[n]`, indices within the whole batch, which has `size` rows over all processes. episode: layout of the whole batch, if it is an
    episode. seed: None in evaluation, where nothing is augmented.
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
        """`[n]`: the given labels, which may be noisy."""
        return self.rows.labels[self.positions]

    @property
    def ids(self) -> Strings:
        """`[n]`: the ids of the samples."""
        return self.rows.ids[self.positions]

    @functools.cached_property
    def inputs(self) -> Batch:
        """The inputs, loaded on first access."""
        return self.rows.batch(self.positions)

    @property
    def support(self) -> npt.NDArray[np.bool_]:
        """`[n]`: whether each row belongs to the support set. The batch must be an episode."""
        assert self.episode is not None
        return self.episode.support(self.places)

    def rng(self) -> RowRNG | None:
        """A new generator of random numbers by row; equal for each call, so two networks get the same augmentation. None in evaluation."""
        return None if self.seed is None else RowRNG(self.seed, self.epoch, self.rows.rows[self.positions])


@dataclass(frozen=True)
class StepResult:
    """The result of a training step.

    loss: `[n]`, the loss of each row; training minimises its mean over the whole batch. facts: `[n]` each, what the ledger keeps about the
    rows, NaN where a row has no value: weight, selected, pseudo_label, clean_posterior, agreement; also loss, where a row's own loss is
    not the minimised one. counts: summed over the epoch for its record; already totals over all processes.
    """

    loss: Tensor
    facts: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    counts: Mapping[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def of_queries(cls, loss: Tensor, batch: TrainingBatch) -> StepResult:
        """The result for an episode from the losses `[q]` of its queries: training minimises their mean; support rows have no loss."""
        assert batch.episode is not None
        whole = scatter_queries(loss, batch)
        support = torch.from_numpy(batch.support).to(loss.device)
        return cls(whole / batch.episode.query_share, {"loss": whole.detach().masked_fill(support, torch.nan)})


def scatter_queries(values: Tensor, batch: TrainingBatch) -> Tensor:
    """Values `[q]` of an episode's queries -> `[n]`, zero for support rows."""
    queries = torch.from_numpy(np.flatnonzero(~batch.support)).to(values.device)
    return values.new_zeros(len(batch)).index_copy(0, queries, values)


Evaluate = Callable[[Callable[[TrainingBatch], Tensor]], Tensor]
"""Applies a function of a batch, with values `[n, ...]`, to all training rows in order, in evaluation mode: `[rows, ...]`."""


class Learner:
    """What the training loop trains: a module, its parameter groups, and its training and validation steps.

    module: contains all state that a checkpoint must hold, with moving averages, mixture models and the like as buffers. phases: the
    supported training phases, by name. rates: default learning rates by parameter group, where the recipe sets none.
    """

    module: nn.Module
    phases: PhaseKinds = SINGLE
    rates: Mapping[str, float] = {}

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameter groups, by the name under which a recipe sets their learning rate."""
        raise NotImplementedError

    def training_step(self, batch: TrainingBatch) -> StepResult:
        """The losses of a batch, with augmentation. Deterministic: repeated calls with the same batch give the same result."""
        raise NotImplementedError

    def validation_step(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """The loss `[n]` and whether the prediction is correct `[n]`, without augmentation; values of support rows are ignored."""
        raise NotImplementedError

    def validates_by_episodes(self, labels: Rows, phase: Phase) -> bool:
        """Whether rows with these labels are validated in episodes, as is needed for classes that the learner has no weights for."""
        del labels, phase
        return False

    def begin_epoch(self, epoch: int, phase: Phase, evaluate: Evaluate) -> None:
        """Called before the first step of each epoch, in all processes. State that it updates must be in buffers of the module."""
