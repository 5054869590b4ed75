"""How far a run is: bars in a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

T = TypeVar("T")
LINES = 20  # at most so many epochs are told where there is no terminal


class ProgressBar:
    """An observer of the training, and a bar over whatever else takes long."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[said]}"),
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
        self.bars.stop()  # else an interrupted run would leave the terminal without its cursor

    def begin(self, rates: dict[str, float], steps: Sequence[int], epoch: int) -> None:
        """Prints the rates of the parameter groups and shows the bar."""
        given = ", ".join(f"{name} {rate:g}" + (" (frozen)" if rate == 0 else "") for name, rate in rates.items())
        going_on = f"; going on after epoch {epoch}" if epoch else ""
        self.console.print(Text.assemble("Learning rates by group: ", (given, "bold"), going_on))
        self.steps = steps
        self.training = self.bars.add_task("training", total=sum(steps), completed=sum(steps[:epoch]), said=self.valid)

    def step(self, epoch: int, step: int, loss: float) -> None:
        """Moves the bar."""
        if self.training is not None:
            said, done = f"loss {loss:.3f}{self.valid}", sum(self.steps[:epoch]) + step + 1
            self.bars.update(self.training, completed=done, description=f"epoch {epoch + 1}/{len(self.steps)}", said=said)

    def epoch(self, record: dict[str, Any]) -> None:
        """Tells what an epoch came to."""
        self.records.append(record)
        number, accuracy, epochs = record["epoch"] + 1, record.get("valid_accuracy"), len(self.steps)
        self.valid = "" if accuracy is None else f", valid {accuracy:.1%}"
        if not self.console.is_terminal and (number % max(1, epochs // LINES) == 0 or number == epochs):
            phase = f" ({record['phase']})" if "phase" in record else ""
            self.console.print(f"epoch {number}/{epochs}{phase}: loss {record['loss']:.4f}{self.valid}, {record['seconds']:.0f} s")

    def over(self, items: Sequence[T], name: str) -> Iterator[T]:
        """The items, with a bar that counts them."""
        task = self.bars.add_task(name, total=len(items), visible=bool(items), said="")
        for item in items:
            yield item
            self.bars.advance(task)
