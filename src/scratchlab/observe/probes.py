"""What a recipe can have read or kept while it trains, each by a table [observe.NAME]; readings go into the record of the epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from scratchlab.observe.ledger import Ledger
from scratchlab.observe.of_training import KernelsOfTraining
from scratchlab.types import Inputs, LabelledInputs, Rows


class Probe(Protocol):
    """Reads what is being trained and changes nothing of it."""

    def begin(self, train: LabelledInputs, valid: LabelledInputs) -> list[dict[str, Any]]:
        """What is to be recorded before the first step; the weights are as they begin also where training goes on from a checkpoint."""
        ...

    def read(self, epoch: float, step: int) -> list[dict[str, Any]]:
        """What is to be recorded once so many epochs, 1.5 in the middle of the second, and so many steps in all are done."""
        ...

    def last(self, inputs: Inputs, truth: Rows) -> list[dict[str, Any]]:
        """What is to be said of the queries, once everything is answered."""
        ...


OBSERVED: dict[str, Callable[..., Probe | Ledger]] = {
    "kernels": KernelsOfTraining,
    "ledger": Ledger,
}
