"""Tables in the terminal, with their common style."""

from __future__ import annotations

from rich import box
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from scratchlab.metrics.estimate import Estimate
from scratchlab.report.words import bounds


def table(*columns: str, first: JustifyMethod = "left") -> Table:
    """A table with right-aligned numbers; in a narrow terminal, cells are folded rather than cut."""
    result = Table(*columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for place, column in enumerate(result.columns):
        column.justify, column.overflow = first if place == 0 else "right", "fold"
    return result


def accuracy(estimate: Estimate) -> Text:
    """An accuracy with its interval, or a dash if it is undefined."""
    if estimate.value is None:
        return Text("–", style="dim")
    within = bounds(estimate, _short, " {}–{}")
    return Text.assemble((f"{estimate.value:.1%}", "bold"), (within, "dim")) if within else Text(f"{estimate.value:.1%}")


def _short(fraction: float) -> str:
    """A bound in percent; 100 has no decimals."""
    return f"{100 * fraction:.1f}".replace("100.0", "100")
