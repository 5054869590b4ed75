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

NAMES = 26  # letters of two names, one above the other, that are kept on a line in a narrow terminal
Column = Callable[[Cell], Text]


def correlations(found: Correlations, most: int) -> RenderableType:
    """The strongest pairs, how sure each is, and what was compared; of several columns those that have something to tell."""
    columns: dict[str, Column] = {
        "r": lambda cell: _value(cell.found.r, "bold cyan" if words.sure(cell) else ""),
        "95 %": lambda cell: _spread(cell.found.r),
        "as if independent": lambda cell: _spread(cell.found.naive, "dim"),
        "ρ": lambda cell: _value(cell.found.rho),
    }
    if found.group:
        columns["within groups"] = lambda cell: _value(cell.found.within)
    if found.configuration:
        columns["between seeds"] = lambda cell: _value(cell.found.seeds)
    columns["p"] = lambda cell: Text(_p(cell.found.adjusted))
    if any(cell.found.left_out for cell in found.cells):
        columns["left out"] = lambda cell: Text(str(cell.found.left_out))
    table = tables.table("of, and", *columns)
    shown = words.ordered(found)[:most]
    table.columns[0].min_width = min(NAMES - 10 * bool(found.group), max(len(name) for cell in shown for name in (cell.x, cell.y)))
    for cell in shown:
        table.add_row(f"{cell.x}\n{cell.y}", *(column(cell) for column in columns.values()))
    why = [Text(f"–: {reason}.", style="dim") for reason in words.reasons(shown)]
    rest = len(found.cells) - most
    more = [Text(f"and {rest} weaker ones, on the page.", style="dim")] if rest > 0 else []
    return Group(table, *more, *why, *(Text(line) for line in words.facts(found)))


def _value(one: Estimate, style: str = "") -> Text:
    return Text("–", style="dim") if one.value is None else Text(f"{one.value:.2f}".replace("-", "−"), style=style)


def _spread(one: Estimate, style: str = "") -> Text:
    """Without brackets, and two places: a terminal is narrow."""
    found = bounds(one, lambda bound: f"{bound:.2f}".replace("-", "−"), "{}…{}")
    return Text(found, style=style) if found else Text("–", style="dim")


def _p(p: float | None) -> str:
    return "–" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"
