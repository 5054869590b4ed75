"""What the training left in metrics.jsonl: how far it came, which epoch was kept, how fast it was."""

from __future__ import annotations

from dataclasses import dataclass

from scratchlab.recipe import Values


@dataclass(frozen=True)
class Epochs:
    """The records of the epochs that are over, the [training] settings they ran under, and whether that was all."""

    records: list[Values]
    settings: Values
    finished: bool

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
