"""Writes a run's records during training: one line per epoch, and a heartbeat in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scratchlab.store.run import Run


@dataclass
class Records:
    """An observer that writes metrics.jsonl and status.json."""

    run: Run
    epochs: int = 0

    def begin(self, rates: dict[str, float], steps: Sequence[int], epoch: int) -> None:
        """Records the number of epochs, and deletes records that an interrupted training wrote after its last checkpoint."""
        self.epochs = len(steps)
        self.run.set_epochs(self.epochs)
        self.run.rewind(epoch)

    def step(self, epoch: int, step: int, loss: float) -> None:
        """Writes a heartbeat, at most once every few seconds."""
        self.run.update_status(f"epoch {epoch + 1} of {self.epochs}, step {step + 1}, loss {loss:.3f}")

    def epoch(self, record: dict[str, Any]) -> None:
        """Appends the epoch's record."""
        self.run.append(record)
        self.run.update_status(f"epoch {record['epoch'] + 1} of {self.epochs} done, loss {record['loss']:.3f}", now=True)
