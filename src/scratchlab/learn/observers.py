"""Who may look on while something is trained: observers, probes and the ledger. They must not change the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from scratchlab.types import Floats, LabelledInputs, Rows, Strings


class Observer(Protocol):
    """Is told of every step and epoch: a progress bar, the run's folder."""

    def begin(self, rates: dict[str, float], steps: Sequence[int], epoch: int) -> None:
        """Training starts at `epoch`, 0 unless it was interrupted, with these rates by group and so many steps in each epoch."""
        ...

    def step(self, epoch: int, step: int, loss: float) -> None:
        """One step is done; both count from 0."""
        ...

    def epoch(self, record: dict[str, Any]) -> None:
        """One epoch is done; what is known of it."""
        ...


class Probe(Protocol):
    """Reads what is being trained, for the record."""

    def begin(self, train: LabelledInputs, valid: LabelledInputs) -> list[dict[str, Any]]:
        """What is to be recorded before the first step; the weights are as they begin also where training goes on from a checkpoint."""
        ...

    def read(self, epoch: float, step: int) -> list[dict[str, Any]]:
        """What is to be recorded once so many epochs, 1.5 in the middle of the second, and so many steps in all are done."""
        ...


class Ledger(Protocol):
    """Keeps what steps say of each training row, epoch by epoch. Of several processes the first keeps the rows of all."""

    def begin(self, ids: Strings, epoch: int, unfinished: Mapping[str, Any]) -> None:
        """Training starts at `epoch`, of which a checkpoint kept what `unfinished` returned then, if anything."""
        ...

    def record(self, positions: Rows, facts: Mapping[str, Floats]) -> None:
        """One step's facts `[n]` of the training rows at these positions; NaN where there is nothing to say."""
        ...

    def unfinished(self) -> dict[str, Any]:
        """Arrays with what was recorded since the last epoch was over."""
        ...

    def epoch(self, epoch: int, phase: str) -> None:
        """An epoch is over, of a phase whose name is empty where there is only one."""
        ...
