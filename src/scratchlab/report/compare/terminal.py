"""A comparison as tables for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.analysis.changes import ClassChange
from scratchlab.analysis.comparison import Comparison
from scratchlab.analysis.contests import Contest
from scratchlab.metrics.estimate import Estimate
from scratchlab.report import tables
from scratchlab.report.compare import words
from scratchlab.report.words import chance, points, setting, span

MOST = 6  # classes, confusions


def comparison(found: Comparison) -> RenderableType:
    """Who is A and B, the sessions, what moved most, the settings that differ, and what all that amounts to."""
    parts: list[RenderableType] = [
        Text.assemble((f"{called}  ", "bold"), f"{side.head} head of {side.run.folder.name}")
        for called, side in (("A", found.a), ("B", found.b))
    ]
    parts += [_title("Wins and losses"), _sessions(found)]
    parts += [_title(f"Classes that moved most, {words.where(found)}"), _classes(found)]
    shifts = found.confusions.shifts(MOST)
    if shifts:
        table = tables.table("taken for", "A", "B", "of")
        for one in shifts:
            style = "cyan" if one.b < one.a else "yellow"
            table.add_row(f"{one.truth} for {one.answer}", str(one.a), Text(str(one.b), style=style), str(one.asked))
        parts += [_title(f"Confusions that changed most, {words.where(found)}"), table]
    if found.settings:
        table = tables.table("setting", "A", "B")
        for name, a, b in found.settings:
            table.add_row(name, *("–" if value is None else setting(value) for value in (a, b)))
        parts += [_title("Settings that differ"), table]
    parts += [Text(line) for line in words.verdict(found)]
    parts.append(
        Text("Differences are B less A in points, with 95 % intervals; another seed of the training may move them further.", style="dim")
    )
    return Group(*parts)


def _sessions(found: Comparison) -> Table:
    kind = words.units(found)
    table = tables.table("session", "queries of", "A", "B", "B less A", "over draws", f"over {kind}", "only A", "only B", "test")
    for number, of in found.sessions.items():
        for place, one in enumerate(of):
            table.add_row(str(number) if place == 0 else "", one.name, *_cells(one))
    return table


def _cells(one: Contest) -> list[Text]:
    if one.a is None or one.b is None:
        return [Text("–", style="dim")] * 8
    p = Text("–", style="dim") if one.test.p is None else Text(chance(one.test.p).removeprefix("p ").removeprefix("= "))
    counts = [Text(str(one.only_a)), Text(str(one.only_b))]
    return [Text(f"{one.a:.1%}"), Text(f"{one.b:.1%}"), _gain(one), _span(one.over_draws), _span(one.over_groups), *counts, p]


def _classes(found: Comparison) -> Table:
    kind = words.units(found)
    table = tables.table("class", "A", "B", "B less A", "over draws", f"over {kind}")
    for one in found.classes[:MOST]:
        table.add_row(one.name, f"{one.a:.1%}", f"{one.b:.1%}", _gain(one), _span(one.over_draws), _span(one.over_groups))
    return table


def _title(text: str) -> Text:
    """A line of its own: a table's title would be folded to the table's width."""
    return Text(f"\n{text}", style="bold")


def _gain(one: Contest | ClassChange) -> Text:
    """A difference, coloured by whom it speaks for if no interval holds 0."""
    value = one.over_groups.value or 0.0
    style = ("bold cyan" if value > 0 else "bold yellow") if words.sure(one.over_draws, one.over_groups) else ""
    return Text(points(value), style=style)


def _span(one: Estimate) -> Text:
    return Text("–" if one.low is None else span(one), style="dim")
