"""Lists for the terminal: runs, and the parts that a recipe can name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.checks import Problem
from scratchlab.plugins import OpenCatalog, misplaced
from scratchlab.recipe import AnyOf, Fixed, Sections, Setting, settings
from scratchlab.report import words
from scratchlab.report.tables import accuracy
from scratchlab.store.query import overview
from scratchlab.store.run import Run

NOTE = 40  # characters of a note in a list


def runs(listed: list[Run]) -> RenderableType:
    """One row per run; names and states are never cut, other columns are folded in a narrow terminal."""
    rows = [overview(run) for run in listed]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("run", no_wrap=True)
    texts = [_row(row) for row in rows]
    for column in texts[0]:
        if column not in ("where", "changed", "note") or any(str(cells[column]) for cells in texts):
            unfolded = column == "state"
            table.add_column(column, justify="right" if column == "value" else "left", no_wrap=unfolded, overflow="fold")
    for row, cells in zip(rows, texts, strict=True):
        table.add_row(row["name"], *(cells[str(column.header)] for column in table.columns[1:]))
    return table


def _row(row: dict[str, Any]) -> dict[str, str | Text]:
    """The cells of one run, by column."""
    style = {"finished": "green", "running": "cyan", "failed": "red", "killed": "red"}.get(row["state"], "")
    return {
        "state": Text(row["state"], style=style),
        "begun": row["created"].replace("T", " ")[:16],
        "metric": f"{row['head']}: {words.name(row['metric'])}" if "metric" in row else "",
        "value": accuracy(row["value"]) if "value" in row else "",
        "where": "" if row["state"] == "finished" else row["where"],
        "changed": ", ".join(f"{name} = {'none' if value is None else words.setting(value)}" for name, value in row["changed"].items()),
        "note": words.first_words(row["note"], NOTE),
    }


def parts(sections: Sections, wanted_name: str = "") -> RenderableType:
    """The parts that a recipe can name, by section, each with its description and settings. `wanted_name`: only this section or part."""
    shown: list[RenderableType] = []
    for section, kind in sections.items():
        catalog: Mapping[str, Any] = {section: kind.part} if isinstance(kind, Fixed) else kind.parts
        for name in catalog:
            if wanted_name not in ("", section, name):
                continue
            try:
                part, origin = catalog[name], catalog.origin(name) if isinstance(catalog, OpenCatalog) else None
                rows = settings(part)
            except Problem as problem:  # of one package; the others are listed
                shown += [Text(str(problem), "yellow"), Text("")]
                continue
            header = (
                f"[{section}]"
                if isinstance(kind, Fixed)
                else f"[{section}.{name}]"
                if isinstance(kind, AnyOf)
                else f'[{section}] name = "{name}"'
            )
            doc = (part.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
            source = (f"  from {origin}", "dim") if origin else ""
            shown += [Text.assemble((header, "bold cyan"), "  ", " ".join(doc.split()), source), _settings(rows), Text("")]
    if not shown:
        valid = [*sections, *(name for kind in sections.values() if not isinstance(kind, Fixed) for name in kind.parts)]
        raise Problem(f"There is no section or part '{wanted_name}'; there are: {', '.join(valid)}.")
    return Group(*shown, *(Text(sentence, "yellow") for sentence in misplaced()))


def _settings(rows: list[Setting]) -> RenderableType:
    if not rows:
        return Text("    no settings", style="dim")
    table = Table(box=None, padding=(0, 2, 0, 4), show_header=False)
    for row in rows:
        table.add_row(Text(row.name, style="bold"), row.default, Text(row.meaning), Text(row.type, style="dim"))
    return table
