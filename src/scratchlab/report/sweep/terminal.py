"""A sweep in the terminal: the results of each cell over its seeds, and the runs that failed."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.checks import counted
from scratchlab.report.sweep import cells
from scratchlab.report.sweep.cells import SweepView


def table(sweep: SweepView) -> RenderableType:
    """One row per cell: how many of its runs are over, and mean ± standard deviation over the finished seeds."""
    metrics = cells.metric_columns(sweep.table)
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for header, values in zip(cells.short(sweep.axes), sweep.values().values(), strict=True):
        shown.add_column(header, overflow="fold", min_width=min(8, max(map(len, (header, *values.values())))))
    rows = cells.cells(sweep)
    any_diverged = any(cell.diverged for cell in rows)
    for name, width in {"runs": 4, **({"diverged": 8} if any_diverged else {}), **dict.fromkeys(metrics, len("100.0 ± 0.0"))}.items():
        shown.add_column(name, justify="right", overflow="fold", min_width=width)
    for cell in rows:
        shown.add_row(
            *cell.values,
            f"{cell.over}/{cell.runs}",
            *([Text(str(cell.diverged), style="red" if cell.diverged else "dim")] if any_diverged else []),
            *(cells.format_spread(cell.metrics.get(name)) for name in metrics),
        )
    caption = "Percent, mean ± standard deviation over seeds; runs that diverged are counted, but not averaged."
    best = cells.best(sweep)
    return Group(shown, Text(caption, style="dim"), *([Text(f"{best}.", style="bold")] if best else []))


def failures(failed: Sequence[tuple[str, str, str]]) -> RenderableType:
    """The failed runs with their error messages: `(run, state, message)`."""
    lines = [Text.assemble((f"{run}: {state}. ", "bold red"), message) for run, state, message in failed]
    broken, busy = (sum((state == "busy") == elsewhere for _, state, _ in failed) for elsewhere in (False, True))
    summary = [f"{counted(broken, 'run')} failed; the same command tries again."] if broken else []
    summary += [f"{counted(busy, 'run')} being executed by another process; the same command checks again."] if busy else []
    return Group(*(Text(line, style="bold") for line in summary), *lines)
