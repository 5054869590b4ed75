"""What a run keeps of its training while it goes on: a line an epoch, a heartbeat between."""

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
        """Says how many epochs there will be; forgets what an interrupted training had recorded beyond its last checkpoint."""
        self.epochs = len(steps)
        self.run.set_epochs(self.epochs)
        self.run.rewind(epoch)

    def step(self, epoch: int, step: int, loss: float) -> None:
        """A heartbeat, every few seconds at most."""
        self.run.update_status(f"epoch {epoch + 1} of {self.epochs}, step {step + 1}, loss {loss:.3f}")

    def epoch(self, record: dict[str, Any]) -> None:
        """One more line."""
        self.run.append(record)
        self.run.update_status(f"epoch {record['epoch'] + 1} of {self.epochs} done, loss {record['loss']:.3f}", now=True)
