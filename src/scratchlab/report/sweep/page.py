"""A sweep as one page: the curves of its runs, a band over the seeds, and what every cell came to."""

from __future__ import annotations

from pathlib import Path

from scratchlab.checks import counted
from scratchlab.report import shell
from scratchlab.report.sweep import cells, figures, scatter
from scratchlab.report.sweep.cells import Swept


def write(swept: Swept, path: Path) -> Path:
    """Saves the page."""
    return shell.saved(page(swept), path, "sweep.html")


def page(swept: Swept) -> str:
    """The whole page."""
    curves, found, states = figures.curves(swept), cells.cells(swept), swept.table["state"]
    named = {f"curves-{number}": called for number, called in enumerate(curves)}
    drawn = {f"curves-{number}": figure for number, figure in enumerate(curves.values())}
    figure = next((name for name in (swept.goal, "valid.accuracy", *cells.figures(swept.table)) if name in swept.table.columns), "")
    marks = scatter.scatters(swept, figure) if figure else {}
    drawn |= {f"marks-{number}": one for number, one in enumerate(marks.values())}
    about = {
        "called": swept.name,
        "title": swept.title or swept.name,
        "configurations": counted(len(found), "configuration"),
        "counts": {state: int((states == state).sum()) for state in states.unique(maintain_order=True)},
        "total": counted(swept.table.height, "run"),
        "parts": named,
        "marks": {f"marks-{number}": called for number, called in enumerate(marks)},
        "figure": figure,
        "best": cells.best(swept),
        "lines": figures.of_lines(swept),
        "headers": cells.short(swept.axes),
        "figures_of_cells": cells.figures(swept.table),
        "cells": found,
        "diverged": any(cell.diverged for cell in found),
        "told": cells.told,
        "table": swept.table,
    }
    return shell.rendered("sweep", about, drawn)
