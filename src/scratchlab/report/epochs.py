"""What the training left in metrics.jsonl: how far it came, which epoch was kept, how fast it was."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from scratchlab.recipe import Values
from scratchlab.store.run import Run


@dataclass(frozen=True)
class Phase:
    """One phase of a training as far as it came: its name, its first epoch, counted from 1, and how many of its epochs are over."""

    name: str
    first: int
    epochs: int


@dataclass(frozen=True)
class Epochs:
    """The records of the epochs that are over, the [training] settings they ran under, and whether that was all. expected: how many there
    are to be; None where that is not known."""

    records: list[Values]
    settings: Values
    finished: bool
    expected: int | None = None

    @classmethod
    def of(cls, run: Run) -> Epochs:
        """Of a run, over or under way."""
        records, finished = run.records(), run.state() == "finished"
        return cls(records, run.recipe()["training"], finished, len(records) if finished else run.status.get("epochs"))

    @property
    def phases(self) -> list[Phase]:
        """In order, as far as training came; nothing where there is only one."""
        parts = [(name, list(part)) for name, part in itertools.groupby(self.records, lambda record: record.get("phase", ""))]
        return [Phase(name, part[0]["epoch"] + 1, len(part)) for name, part in parts] if "phase" in (self.records or [{}])[0] else []

    @property
    def in_phases(self) -> str:
        """`warm-up 10, robust 50`; empty where there is only one phase."""
        return ", ".join(f"{one.name} {one.epochs}" for one in self.phases)

    @property
    def validated(self) -> bool:
        """Whether there were validation rows."""
        return bool(self.records) and "valid_accuracy" in self.records[0]

    @property
    def judged(self) -> dict[str, str]:
        """Where there are accuracies: of what, and under which name in a record."""
        names = {"training": "train_accuracy", "validation": "valid_accuracy"}
        return {called: name for called, name in names.items() if self.records and name in self.records[0]}

    @property
    def chosen(self) -> Values | None:
        """The epoch whose weights are kept; None as long as a better one may come."""
        kept = [record for record in self.records if record["kept"]]
        return kept[-1] if kept and self.finished else None

    @property
    def reason(self) -> str:
        """Why it was this epoch."""
        if self.chosen and not self.chosen.get("selects", True):
            return f"the last, because the phase {self.chosen['phase']} keeps its last weights"
        if self.settings["select"] == "last":
            return "the last, as the recipe asks"
        return (
            f"the best on validation, by {self.settings['select']}" if self.validated else "the last, because there are no validation rows"
        )

    @property
    def seconds(self) -> float:
        """Spent in training steps, by the clock."""
        return sum(record["seconds"] for record in self.records)

    @property
    def cpu_seconds(self) -> float:
        """Spent in training steps, by the processors."""
        return sum(record["cpu_seconds"] for record in self.records)

    @property
    def inputs(self) -> int:
        """Trained on, counting repetitions."""
        return sum(record["inputs"] for record in self.records)

    @property
    def speed(self) -> float:
        """Inputs per CPU-second."""
        return self.inputs / self.cpu_seconds if self.cpu_seconds else 0.0
