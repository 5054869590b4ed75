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


def comparison(compared: Comparison) -> RenderableType:
    """A and B, the tests by context, the largest changes, the settings that differ, and the conclusion."""
    parts: list[RenderableType] = [
        Text.assemble((f"{letter}  ", "bold"), f"{side.name} head of {side.run.folder.name}")
        for letter, side in (("A", compared.a), ("B", compared.b))
    ]
    parts += [_title(f"Differences in {compared.units.layout.value}"), _tests(compared)]
    if compared.changes:
        parts += [_title(f"Classes that changed most{words.where(compared)}"), _classes(compared)]
    shifts = compared.confusion.shifts(MOST) if compared.confusion else []
    if shifts:
        table = tables.table("true class → predicted", "A", "B", "of")
        for shift in shifts:
            style = "cyan" if shift.b < shift.a else "yellow"
            table.add_row(f"{shift.truth} → {shift.answer}", str(shift.a), Text(str(shift.b), style=style), str(shift.total))
        parts += [_title(f"Confusions that changed most{words.where(compared)}"), table]
    if compared.settings:
        table = tables.table("setting", "A", "B")
        for name, (a, b) in compared.settings.items():
            table.add_row(name, *("–" if value is None else setting(value) for value in (a, b)))
        parts += [_title("Settings that differ"), table]
    parts += [_title(f"Conclusion{words.where(compared)}"), *(Text(line) for line in words.verdict(compared))]
    parts.append(
        Text(
            "Differences are B − A in percentage points, with 95 % intervals; variation between training seeds is not included.",
            style="dim",
        )
    )
    return Group(*parts)


def _tests(compared: Comparison) -> Table:
    kind, context, unit = words.independent(compared), compared.units.layout.context, plural(compared.units.layout.unit)
    drawn = _drawn(compared)
    table = tables.table(*context, unit, "A", "B", "B − A", *drawn, f"over {kind}", "A better", "B better", "p")
    for in_context, tests in compared.tests:
        for place, test in enumerate(tests):
            table.add_row(*(str(value) if place == 0 else "" for value in in_context.values()), test.name, *_cells(test, drawn))
    return table


def _drawn(compared: Comparison) -> list[str]:
    """The header of the column of intervals over draws, if there are draws."""
    return ["over draws"] if compared.units.draws[2] else []


def _cells(test: PairedTest, drawn: list[str]) -> list[Text]:
    if test.a is None or test.b is None:
        return [Text("–", style="dim")] * (7 + len(drawn))
    p = Text("–", style="dim") if test.test.p is None else Text(chance(test.test.p).removeprefix("p ").removeprefix("= "))
    counts = [Text(str(test.better_a)), Text(str(test.better_b))]
    return [Text(f"{test.a:.1%}"), Text(f"{test.b:.1%}"), _difference(test), *_spans(test, drawn), *counts, p]


def _classes(compared: Comparison) -> Table:
    drawn = _drawn(compared)
    table = tables.table("class", "A", "B", "B − A", *drawn, f"over {words.independent(compared)}")
    for change in compared.changes[:MOST]:
        table.add_row(change.name, f"{change.a:.1%}", f"{change.b:.1%}", _difference(change), *_spans(change, drawn))
    return table


def _title(text: str) -> Text:
    """A heading on its own line; the title of a table would be folded to the table's width."""
    return Text(f"\n{text}", style="bold")


def _difference(compared: PairedTest | ClassChange) -> Text:
    """B − A, coloured by which is better if it is significant."""
    value = compared.over_groups.value or 0.0
    style = ("bold cyan" if value > 0 else "bold yellow") if words.significant(compared) else ""
    return Text(points(value), style=style)


def _spans(compared: PairedTest | ClassChange, drawn: list[str]) -> list[Text]:
    return [*([_span(compared.over_draws)] if drawn else []), _span(compared.over_groups)]


def _span(estimate: Estimate) -> Text:
    return Text("–" if estimate.low is None else span(estimate), style="dim")
