"""What a recipe can measure or store during training, each by a table [observe.NAME]; readings go into the record of the epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from scratchlab.observe.ledger import Ledger
from scratchlab.observe.training_kernels import TrainingKernels
from scratchlab.types import Inputs, LabelledInputs, Rows


class Probe(Protocol):
    """Reads measurements from the model during training, without influencing it."""

    def begin(self, train: LabelledInputs, valid: LabelledInputs) -> list[dict[str, Any]]:
        """The rows to record before the first step. Weights are the initial ones even if training then resumes from a checkpoint."""
        ...

    def read(self, epoch: float, step: int) -> list[dict[str, Any]]:
        """The rows to record after `epoch` epochs (1.5: the middle of the second) and `step` steps in total; empty if none are due."""
        ...

    def read_queries(self, inputs: Inputs, labels: Rows) -> list[dict[str, Any]]:
        """The rows to record about the queries, after all scores are computed. labels: the true ones."""
        ...


OBSERVED: dict[str, Callable[..., Probe | Ledger]] = {
    "kernels": TrainingKernels,
    "ledger": Ledger,
}
