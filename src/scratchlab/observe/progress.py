"""A progress bar in the terminal; where there is none, one line an epoch."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class ProgressBar:
    """Shows steps, loss and validation accuracy; prints the rates of the parameter groups first."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[said]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self.task = self.bar.add_task("", total=None, said="")
        self.steps = self.epochs = 1
        self.valid = ""

    def begin(self, rates: dict[str, float], epochs: int, steps: int, epoch: int) -> None:
        """Prints the rates by group and shows the bar."""
        given = ", ".join(f"{name} {rate:g}" + (" (frozen)" if rate == 0 else "") for name, rate in rates.items())
        self.console.print(f"Learning rates by group: [bold]{given}[/]" + (f"; going on at epoch {epoch + 1}" if epoch else ""))
        self.steps, self.epochs = steps, epochs
        self.bar.update(self.task, total=epochs * steps, completed=epoch * steps)
        if epoch < epochs:
            self.bar.start()

    def step(self, epoch: int, step: int, loss: float) -> None:
        """Moves the bar."""
        self.bar.update(
            self.task,
            completed=epoch * self.steps + step + 1,
            description=f"epoch {epoch + 1}/{self.epochs}",
            said=f"loss {loss:.3f}{self.valid}",
        )

    def epoch(self, record: dict[str, Any]) -> None:
        """Remembers the validation accuracy; ends the bar after the last epoch."""
        accuracy = record.get("valid_accuracy")
        self.valid = "" if accuracy is None else f", valid {accuracy:.1%}"
        if not self.console.is_terminal and (record["epoch"] % max(1, self.epochs // 20) == 0 or record["epoch"] + 1 == self.epochs):
            self.console.print(
                f"epoch {record['epoch'] + 1}/{self.epochs}: loss {record['loss']:.4f}{self.valid}, {record['seconds']:.0f} s"
            )
        if record["epoch"] + 1 == self.epochs:
            self.bar.stop()
