"""Correlations as a table for the terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.text import Text

from scratchlab.analysis.correlate import Cell, Correlations
from scratchlab.metrics.estimate import Estimate
from scratchlab.report import tables
from scratchlab.report.correlate import words
from scratchlab.report.words import bounds

NAMES = 26  # characters of a column name that stay on one line in a narrow terminal
Column = Callable[[Cell], Text]


def correlations(result: Correlations, most: int) -> RenderableType:
    """The strongest pairs with their intervals, and what was compared; optional columns appear only if they have values."""
    columns: dict[str, Column] = {
        "r": lambda cell: _value(cell.correlation.r, "bold cyan" if words.significant(cell) else ""),
        "95 %": lambda cell: _interval(cell.correlation.r),
        "as if independent": lambda cell: _interval(cell.correlation.naive, "dim"),
        "ρ": lambda cell: _value(cell.correlation.rho),
    }
    if result.group:
        columns["within groups"] = lambda cell: _value(cell.correlation.within)
    if result.configuration:
        columns["between seeds"] = lambda cell: _value(cell.correlation.seeds)
    columns["p"] = lambda cell: Text(_p(cell.correlation.adjusted))
    if any(cell.correlation.left_out for cell in result.cells):
        columns["left out"] = lambda cell: Text(str(cell.correlation.left_out))
    table = tables.table("columns", *columns)
    shown = words.by_strength(result)[:most]
    table.columns[0].min_width = min(NAMES - 10 * bool(result.group), max(len(name) for cell in shown for name in (cell.x, cell.y)))
    for cell in shown:
        table.add_row(f"{cell.x}\n{cell.y}", *(column(cell) for column in columns.values()))
    reasons = [Text(f"–: {reason}.", style="dim") for reason in words.reasons(shown)]
    rest = len(result.cells) - most
    more = [Text(f"{rest} weaker pairs are on the page.", style="dim")] if rest > 0 else []
    return Group(table, *more, *reasons, *(Text(line) for line in words.summary(result)))


def _value(r: Estimate, style: str = "") -> Text:
    return Text("–", style="dim") if r.value is None else Text(f"{r.value:.2f}".replace("-", "−"), style=style)


def _interval(r: Estimate, style: str = "") -> Text:
    """The interval with two decimals and without brackets, to save space."""
    text = bounds(r, lambda bound: f"{bound:.2f}".replace("-", "−"), "{}…{}")
    return Text(text, style=style) if text else Text("–", style="dim")


def _p(p: float | None) -> str:
    return "–" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"
