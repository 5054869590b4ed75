"""Interfaces of what watches a training: observers, probes and the ledger. They must not influence the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from scratchlab.types import Floats, LabelledInputs, Rows, Strings


class Observer(Protocol):
    """Is notified of every step and epoch, as a progress bar or the writer of a run's folder is."""

    def begin(self, rates: dict[str, float], steps: Sequence[int], epoch: int) -> None:
        """Training starts or resumes at `epoch`. rates: learning rates by parameter group; steps: number of steps of each epoch."""
        ...

    def step(self, epoch: int, step: int, loss: float) -> None:
        """One step is done; `epoch` and `step` count from 0."""
        ...

    def epoch(self, record: dict[str, Any]) -> None:
        """One epoch is done; record: its losses, accuracies, learning rates and so on."""
        ...


class Probe(Protocol):
    """Reads measurements from the model during training, for the record of the epoch."""

    def begin(self, train: LabelledInputs, valid: LabelledInputs) -> list[dict[str, Any]]:
        """The rows to record before the first step. Weights are the initial ones even if training then resumes from a checkpoint."""
        ...

    def read(self, epoch: float, step: int) -> list[dict[str, Any]]:
        """The rows to record after `epoch` epochs (1.5: the middle of the second) and `step` steps in total; empty if none are due."""
        ...


class Ledger(Protocol):
    """Keeps facts about each training row, epoch by epoch. With several processes, the first keeps the rows of all."""

    def begin(self, ids: Strings, epoch: int, unfinished: Mapping[str, Any]) -> None:
        """Training starts or resumes at `epoch`. unfinished: what `unfinished()` returned at the last checkpoint; empty if nothing."""
        ...

    def record(self, positions: Rows, facts: Mapping[str, Floats]) -> None:
        """Records one step's facts `[n]` about the training rows at these positions; NaN where a row has no value."""
        ...

    def unfinished(self) -> dict[str, Any]:
        """What was recorded since the last epoch ended, as arrays by name, for a checkpoint."""
        ...

    def epoch(self, epoch: int, phase: str) -> None:
        """An epoch is done. phase: name of its phase; empty if there is only one phase."""
        ...
