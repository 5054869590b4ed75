"""A sweep as one page: the curves of its runs with a band over the seeds, and the results of every cell."""

from __future__ import annotations

from pathlib import Path

from scratchlab.checks import counted
from scratchlab.report import shell
from scratchlab.report.sweep import cells, figures, scatter
from scratchlab.report.sweep.cells import SweepView


def write(sweep: SweepView, path: Path) -> Path:
    """Saves the page."""
    return shell.saved(page(sweep), path, "sweep.html")


def page(sweep: SweepView) -> str:
    """The whole page."""
    curves, rows, states = figures.curves(sweep), cells.cells(sweep), sweep.table["state"]
    titles = {f"curves-{number}": title for number, title in enumerate(curves)}
    charts = {f"curves-{number}": figure for number, figure in enumerate(curves.values())}
    metric = next((name for name in (sweep.goal, "valid.accuracy", *cells.metric_columns(sweep.table)) if name in sweep.table.columns), "")
    marks = scatter.scatters(sweep, metric) if metric else {}
    charts |= {f"marks-{number}": chart for number, chart in enumerate(marks.values())}
    context = {
        "name": sweep.name,
        "title": sweep.title or sweep.name,
        "configurations": counted(len(rows), "configuration"),
        "counts": {state: int((states == state).sum()) for state in states.unique(maintain_order=True)},
        "total": counted(sweep.table.height, "run"),
        "parts": titles,
        "marks": {f"marks-{number}": title for number, title in enumerate(marks)},
        "metric": metric,
        "best": cells.best(sweep),
        "lines": figures.of_lines(sweep),
        "headers": cells.short(sweep.axes),
        "metrics": cells.metric_columns(sweep.table),
        "cells": rows,
        "diverged": any(cell.diverged for cell in rows),
        "format_spread": cells.format_spread,
        "varied": {name: _listed(list(values.values())) for name, values in sweep.values().items()},
        "table": sweep.table,
        "links": dict(zip(sweep.table["run"], sweep.links, strict=True)) if sweep.links else {},
    }
    return shell.rendered("sweep", context, charts)


def _listed(values: list[str]) -> str:
    """`32, 64`, or the number of values if there are many."""
    return ", ".join(values) if len(values) <= figures.LINES else counted(len(values), "value")
