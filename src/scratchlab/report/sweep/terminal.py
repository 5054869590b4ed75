"""A sweep in the terminal: what each cell came to over its seeds, and the runs that came to nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.checks import counted
from scratchlab.report.sweep import cells
from scratchlab.report.sweep.cells import Swept


def table(swept: Swept) -> RenderableType:
    """One row a cell: how many of its runs are there, and mean ± standard deviation over the seeds of those that finished."""
    metrics = cells.figures(swept.table)
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for header, values in zip(cells.short(swept.axes), swept.values().values(), strict=True):
        shown.add_column(header, overflow="fold", min_width=min(8, max(map(len, (header, *values.values())))))
    found = cells.cells(swept)
    gone = any(cell.diverged for cell in found)
    for name, width in {"runs": 4, **({"diverged": 8} if gone else {}), **dict.fromkeys(metrics, len("100.0 ± 0.0"))}.items():
        shown.add_column(name, justify="right", overflow="fold", min_width=width)
    for cell in found:
        shown.add_row(
            *cell.values,
            f"{cell.over}/{cell.runs}",
            *([Text(str(cell.diverged), style="red" if cell.diverged else "dim")] if gone else []),
            *(cells.told(cell.figures.get(name)) for name in metrics),
        )
    told = "Percent, mean ± standard deviation over seeds; runs that diverged are counted, but not averaged."
    best = cells.best(swept)
    return Group(shown, Text(told, style="dim"), *([Text(f"{best}.", style="bold")] if best else []))


def endings(failed: Sequence[tuple[str, str, str]]) -> RenderableType:
    """Runs that came to nothing, with their last words: `(run, state, words)`."""
    lines = [Text.assemble((f"{run}: {state}. ", "bold red"), words) for run, state, words in failed]
    nothing, busy = (sum((state == "busy") == elsewhere for _, state, _ in failed) for elsewhere in (False, True))
    told = [f"{counted(nothing, 'run')} came to nothing; the same command tries again."] if nothing else []
    told += [f"{counted(busy, 'run')} in the hands of another process; the same command looks again."] if busy else []
    return Group(*(Text(line, style="bold") for line in told), *lines)
