"""The records of training in metrics.jsonl: epochs, phases, the selected epoch, and speed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from scratchlab.recipe import Values
from scratchlab.store.run import Run


@dataclass(frozen=True)
class Phase:
    """One phase of training: its name, its first epoch (from 1), and its number of completed epochs."""

    name: str
    first: int
    epochs: int


@dataclass(frozen=True)
class Epochs:
    """The records of the completed epochs, the [training] settings, and whether training is finished. expected: total number of epochs;
    None if unknown."""

    records: list[Values]
    settings: Values
    finished: bool
    expected: int | None = None

    @classmethod
    def of(cls, run: Run) -> Epochs:
        """The epochs of a run, finished or in progress."""
        records, finished = run.records(), run.state() == "finished"
        return cls(records, run.recipe()["training"], finished, len(records) if finished else run.status.get("epochs"))

    @property
    def phases(self) -> list[Phase]:
        """The phases that have begun, in order; empty if the training has only one."""
        parts = [(name, list(part)) for name, part in itertools.groupby(self.records, lambda record: record.get("phase", ""))]
        return [Phase(name, part[0]["epoch"] + 1, len(part)) for name, part in parts] if "phase" in (self.records or [{}])[0] else []

    @property
    def in_phases(self) -> str:
        """`warm-up 10, robust 50`; an empty string if there is only one phase."""
        return ", ".join(f"{phase.name} {phase.epochs}" for phase in self.phases)

    @property
    def validated(self) -> bool:
        """Whether there were validation rows."""
        return bool(self.records) and "valid_accuracy" in self.records[0]

    @property
    def accuracy_keys(self) -> dict[str, str]:
        """The accuracies that were recorded: "training" and "validation" -> the key of a record."""
        keys = {"training": "train_accuracy", "validation": "valid_accuracy"}
        return {name: key for name, key in keys.items() if self.records and key in self.records[0]}

    @property
    def chosen(self) -> Values | None:
        """The record of the epoch whose weights are kept; None until training is finished."""
        kept = [record for record in self.records if record["kept"]]
        return kept[-1] if kept and self.finished else None

    @property
    def reason(self) -> str:
        """Why this epoch was selected."""
        if self.chosen and not self.chosen.get("selects", True):
            return f"the last, because the phase {self.chosen['phase']} keeps its last weights"
        if self.settings["select"] == "last":
            return "the last, as the recipe sets"
        return (
            f"the best on validation, by {self.settings['select']}" if self.validated else "the last, because there are no validation rows"
        )

    @property
    def seconds(self) -> float:
        """Wall-clock seconds spent in training steps."""
        return sum(record["seconds"] for record in self.records)

    @property
    def cpu_seconds(self) -> float:
        """CPU-seconds spent in training steps."""
        return sum(record["cpu_seconds"] for record in self.records)

    @property
    def inputs(self) -> int:
        """Number of training inputs, counting repetitions."""
        return sum(record["inputs"] for record in self.records)

    @property
    def speed(self) -> float:
        """Inputs per CPU-second."""
        return self.inputs / self.cpu_seconds if self.cpu_seconds else 0.0
