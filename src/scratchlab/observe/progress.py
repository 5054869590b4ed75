"""Progress of a run: progress bars in a terminal, occasional lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

T = TypeVar("T")
LINES = 20  # maximum number of epochs that are printed without a terminal


class ProgressBar:
    """Shows the progress of training, as an observer, and of other long loops."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[status]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self.training: TaskID | None = None
        self.steps: Sequence[int] = (1,)
        self.valid = ""
        self.records: list[dict[str, Any]] = []

    def __enter__(self) -> ProgressBar:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()  # restores the terminal's cursor, also if the run was interrupted

    def begin(self, rates: dict[str, float], steps: Sequence[int], epoch: int) -> None:
        """Prints the learning rates of the parameter groups and shows the bar."""
        listed = ", ".join(f"{name} {rate:g}" + (" (frozen)" if rate == 0 else "") for name, rate in rates.items())
        resumed = f"; resuming after epoch {epoch}" if epoch else ""
        self.console.print(Text.assemble("Learning rates by parameter group: ", (listed, "bold"), resumed))
        self.steps = steps
        self.training = self.bars.add_task("training", total=sum(steps), completed=sum(steps[:epoch]), status=self.valid)

    def step(self, epoch: int, step: int, loss: float) -> None:
        """Advances the bar."""
        if self.training is not None:
            status, done = f"loss {loss:.3f}{self.valid}", sum(self.steps[:epoch]) + step + 1
            self.bars.update(self.training, completed=done, description=f"epoch {epoch + 1}/{len(self.steps)}", status=status)

    def epoch(self, record: dict[str, Any]) -> None:
        """Shows the epoch's validation accuracy; without a terminal, prints a line every few epochs."""
        self.records.append(record)
        number, accuracy, epochs = record["epoch"] + 1, record.get("valid_accuracy"), len(self.steps)
        self.valid = "" if accuracy is None else f", valid {accuracy:.1%}"
        if not self.console.is_terminal and (number % max(1, epochs // LINES) == 0 or number == epochs):
            phase = f" ({record['phase']})" if "phase" in record else ""
            self.console.print(f"epoch {number}/{epochs}{phase}: loss {record['loss']:.4f}{self.valid}, {record['seconds']:.0f} s")

    def over(self, items: Sequence[T], name: str) -> Iterator[T]:
        """Iterates over the items with a progress bar."""
        task = self.bars.add_task(name, total=len(items), visible=bool(items), status="")
        for item in items:
            yield item
            self.bars.advance(task)
