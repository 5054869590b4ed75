"""A comparison as tables for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.analysis.changes import ClassChange
from scratchlab.analysis.comparison import Comparison
from scratchlab.analysis.paired import PairedTest
from scratchlab.checks import plural
from scratchlab.metrics.estimate import Estimate
from scratchlab.report import tables
from scratchlab.report.compare import words
from scratchlab.report.words import chance, points, setting, span

MOST = 6  # classes, confusions


def comparison(found: Comparison) -> RenderableType:
    """Who is A and B, the tests by context, what changed most, the settings that differ, and what all that amounts to."""
    parts: list[RenderableType] = [
        Text.assemble((f"{called}  ", "bold"), f"{one.name} head of {one.run.folder.name}")
        for called, one in (("A", found.a), ("B", found.b))
    ]
    parts += [_title(f"Differences in {found.units.layout.value}"), _tests(found)]
    if found.changes:
        parts += [_title(f"Classes that changed most{words.where(found)}"), _classes(found)]
    shifts = found.confusion.shifts(MOST) if found.confusion else []
    if shifts:
        table = tables.table("true class → answer", "A", "B", "of")
        for one in shifts:
            style = "cyan" if one.b < one.a else "yellow"
            table.add_row(f"{one.truth} → {one.answer}", str(one.a), Text(str(one.b), style=style), str(one.total))
        parts += [_title(f"Confusions that changed most{words.where(found)}"), table]
    if found.settings:
        table = tables.table("setting", "A", "B")
        for name, (a, b) in found.settings.items():
            table.add_row(name, *("–" if value is None else setting(value) for value in (a, b)))
        parts += [_title("Settings that differ"), table]
    parts += [_title(f"Is one better?{words.where(found)}"), *(Text(line) for line in words.verdict(found))]
    parts.append(Text("Differences are B − A in points, with 95 % intervals; another training seed may change them further.", style="dim"))
    return Group(*parts)


def _tests(found: Comparison) -> Table:
    kind, context, unit = words.independent(found), found.units.layout.context, plural(found.units.layout.unit)
    drawn = _drawn(found)
    table = tables.table(*context, unit, "A", "B", "B − A", *drawn, f"over {kind}", "A better", "B better", "p")
    for at, tests in found.tests:
        for place, one in enumerate(tests):
            table.add_row(*(str(value) if place == 0 else "" for value in at.values()), one.name, *_cells(one, drawn))
    return table


def _drawn(found: Comparison) -> list[str]:
    """The column of intervals over draws, where anything was drawn."""
    return ["over draws"] if found.units.draws[2] else []


def _cells(one: PairedTest, drawn: list[str]) -> list[Text]:
    if one.a is None or one.b is None:
        return [Text("–", style="dim")] * (7 + len(drawn))
    p = Text("–", style="dim") if one.test.p is None else Text(chance(one.test.p).removeprefix("p ").removeprefix("= "))
    counts = [Text(str(one.better_a)), Text(str(one.better_b))]
    return [Text(f"{one.a:.1%}"), Text(f"{one.b:.1%}"), _difference(one), *_spans(one, drawn), *counts, p]


def _classes(found: Comparison) -> Table:
    drawn = _drawn(found)
    table = tables.table("class", "A", "B", "B − A", *drawn, f"over {words.independent(found)}")
    for one in found.changes[:MOST]:
        table.add_row(one.name, f"{one.a:.1%}", f"{one.b:.1%}", _difference(one), *_spans(one, drawn))
    return table


def _title(text: str) -> Text:
    """A line of its own: a table's title would be folded to the table's width."""
    return Text(f"\n{text}", style="bold")


def _difference(one: PairedTest | ClassChange) -> Text:
    """B − A, coloured by which is better if no interval contains 0."""
    value = one.over_groups.value or 0.0
    style = ("bold cyan" if value > 0 else "bold yellow") if words.significant(one.over_draws, one.over_groups) else ""
    return Text(points(value), style=style)


def _spans(one: PairedTest | ClassChange, drawn: list[str]) -> list[Text]:
    return [*([_span(one.over_draws)] if drawn else []), _span(one.over_groups)]


def _span(one: Estimate) -> Text:
    return Text("–" if one.low is None else span(one), style="dim")
