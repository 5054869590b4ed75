"""Correlations as tables in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scratchlab.analysis.correlate import Cell, Correlations
from scratchlab.metrics.estimate import Estimate
from scratchlab.report.correlate.words import sure
from scratchlab.report.markdown import table
from scratchlab.report.words import interval_of_numbers, number

Cells = Mapping[tuple[str, str], Cell]


def by_names(correlations: Correlations) -> dict[tuple[str, str], Cell]:
    """The cells, by the names of both columns."""
    return {(cell.x, cell.y): cell for cell in correlations.cells}


def matrix(cells: Cells, rows: Sequence[str], columns: Sequence[str]) -> str:
    """r with its interval; what was compared the other way round, or with itself, stays empty."""
    return table(["", *columns], [[row, *(written(cells.get((row, column))) for column in columns)] for row in rows])


def written(cell: Cell | None) -> str:
    """`**0.850** [0.710, 0.930]`, in bold where it is sure; why there is none; nothing where nothing was compared."""
    if cell is None:
        return ""
    r = cell.found.r
    return r.how if r.value is None else f"{f'**{number(r.value)}**' if sure(cell) else number(r.value)} {interval_of_numbers(r)}".strip()


KINDS = ("over configurations", "as if runs were independent", "times as wide", "within groups", "between seeds")


def row(cell: Cell) -> list[str]:
    """How many runs, r, and of `KINDS` each: two intervals and how their widths compare, and what is left of r."""
    one = cell.found
    r, within, seeds = (each.how if each.value is None else number(each.value) for each in (one.r, one.within, one.seeds))
    widths = [each.high - each.low for each in (one.r, one.naive) if each.low is not None and each.high is not None]
    wider = f"{widths[0] / widths[1]:.1f}" if len(widths) == 2 else "–"
    return [f"{one.runs}, {one.left_out} left out", r, interval_of_numbers(one.r), interval_of_numbers(one.naive), wider, within, seeds]


def value(one: Estimate) -> str:
    """A correlation without its interval, or a dash."""
    return "–" if one.value is None else number(one.value)
