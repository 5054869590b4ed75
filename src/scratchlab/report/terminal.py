"""Lists for the terminal: the runs there are, and all that a recipe can name."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.checks import Problem
from scratchlab.recipe import Fixed, Sections, Setting, Several, settings
from scratchlab.report import words
from scratchlab.report.tables import accuracy
from scratchlab.store.query import overview
from scratchlab.store.run import Run

NOTE = 40  # characters of a note in a list


def runs(found: list[Run]) -> RenderableType:
    """One row a run."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("run", no_wrap=True)
    for column in ("state", "begun", "head", "metric", "value", "where", "note"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for run in found:
        row = overview(run)
        style = {"finished": "green", "running": "cyan", "failed": "red", "killed": "red"}.get(row["state"], "")
        where = "" if row["state"] == "finished" else row["where"]
        table.add_row(
            row["name"],
            Text(row["state"], style=style),
            row["created"].replace("T", " ")[:16],
            row.get("head", ""),
            words.name(row["metric"]) if "metric" in row else "",
            accuracy(row["value"]) if "value" in row else Text(""),
            where,
            words.first_words(row["note"], NOTE),
        )
    return table


def parts(sections: Sections, wanted: str = "") -> RenderableType:
    """Everything a recipe can name: by section, each part with its first sentence and its settings."""
    shown: list[RenderableType] = []
    for section, kind in sections.items():
        catalog: dict[str, Any] = {section: kind.part} if isinstance(kind, Fixed) else dict(kind.parts)
        for name, part in catalog.items():
            if wanted not in ("", section, name):
                continue
            how = (
                f"[{section}]"
                if isinstance(kind, Fixed)
                else f"[{section}.{name}]"
                if isinstance(kind, Several)
                else f'[{section}] name = "{name}"'
            )
            doc = (part.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
            shown += [Text.assemble((how, "bold cyan"), "  ", " ".join(doc.split())), _settings(settings(part)), Text("")]
    if not shown:
        every = [*sections, *(name for kind in sections.values() if not isinstance(kind, Fixed) for name in kind.parts)]
        raise Problem(f"There is no section or part '{wanted}'; there are: {', '.join(every)}.")
    return Group(*shown)


def _settings(rows: list[Setting]) -> RenderableType:
    if not rows:
        return Text("    no settings", style="dim")
    table = Table(box=None, padding=(0, 2, 0, 4), show_header=False)
    for row in rows:
        table.add_row(Text(row.name, style="bold"), row.default, Text(row.meaning), Text(row.type, style="dim"))
    return table
