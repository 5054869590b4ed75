"""What tables in the terminal have in common."""

from __future__ import annotations

from rich import box
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from scratchlab.metrics.estimate import Estimate
from scratchlab.report.words import bounds


def table(*columns: str, first: JustifyMethod = "left") -> Table:
    """Numbers to the right; in a narrow terminal rather on two lines than cut."""
    made = Table(*columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for place, column in enumerate(made.columns):
        column.justify, column.overflow = first if place == 0 else "right", "fold"
    return made


def accuracy(estimate: Estimate) -> Text:
    """An accuracy with its interval, or a dash where it is undefined."""
    if estimate.value is None:
        return Text("–", style="dim")
    within = bounds(estimate, _short, " {}–{}")
    return Text.assemble((f"{estimate.value:.1%}", "bold"), (within, "dim")) if within else Text(f"{estimate.value:.1%}")


def _short(share: float) -> str:
    """A bound in per cent, without the decimals of 100."""
    return f"{100 * share:.1f}".replace("100.0", "100")
