"""Correlations as tables in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scratchlab.analysis.correlate import Cell, Correlations
from scratchlab.metrics.estimate import Estimate
from scratchlab.report.correlate.words import significant
from scratchlab.report.markdown import table
from scratchlab.report.words import interval_of_numbers, number

Cells = Mapping[tuple[str, str], Cell]


def by_names(correlations: Correlations) -> dict[tuple[str, str], Cell]:
    """The cells by the names of their two columns."""
    return {(cell.x, cell.y): cell for cell in correlations.cells}


def matrix(cells: Cells, rows: Sequence[str], columns: Sequence[str]) -> str:
    """A table of r with intervals; pairs that were not compared in this order are empty."""
    return table(["", *columns], [[row, *(format_cell(cells.get((row, column))) for column in columns)] for row in rows])


def format_cell(cell: Cell | None) -> str:
    """`**0.850** [0.710, 0.930]`, in bold if significant; the reason if r is undefined; an empty string without a cell."""
    if cell is None:
        return ""
    r = cell.correlation.r
    return (
        r.how
        if r.value is None
        else f"{f'**{number(r.value)}**' if significant(cell) else number(r.value)} {interval_of_numbers(r)}".strip()
    )


KINDS = ("over configurations", "as if runs were independent", "ratio of widths", "within groups", "between seeds")


def row(cell: Cell) -> list[str]:
    """The number of runs, r, and the columns of `KINDS`: two intervals, the ratio of their widths, r within groups and between seeds."""
    one = cell.correlation
    r, within, seeds = (each.how if each.value is None else number(each.value) for each in (one.r, one.within, one.seeds))
    widths = [each.high - each.low for each in (one.r, one.naive) if each.low is not None and each.high is not None]
    ratio = f"{widths[0] / widths[1]:.1f}" if len(widths) == 2 else "–"
    return [f"{one.runs}, {one.left_out} left out", r, interval_of_numbers(one.r), interval_of_numbers(one.naive), ratio, within, seeds]


def value(r: Estimate) -> str:
    """A correlation without its interval, or a dash."""
    return "–" if r.value is None else number(r.value)
