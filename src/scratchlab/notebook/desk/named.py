"""Which notes name a run, and what its own note names, for the terminal."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from scratchlab.notebook.desk.line import line
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.mentions import mentioned, mentions
from scratchlab.notebook.link import place

MOST = 12  # lines of a list
PROSE = (".md", ".markdown")  # of a project's files, those in which a person tells of runs; recipes and the like only hold their names


def naming(base: sqlite3.Connection, run: str) -> list[Event]:
    """The lines of notes that name a run, in the order of their places, its own note among them."""
    found = [one for one in mentions(base, run) if one.kind != "file" or one.place.path.suffix.lower() in PROSE]
    return list({str(one.place): one for one in found}.values())  # a note in a project's folder is read as that as well


def named(base: sqlite3.Connection, run: Path) -> tuple[list[Event], list[Event]]:
    """The lines of notes that name a run, in the order of their places, and what the run's own note names: runs, notes, logs; each once.

    run: its folder.
    """
    found = naming(base, run.name)
    own = [one for one in found if one.place.path.parent.resolve() == run.resolve()]
    there = [one for line in own for one in mentioned(base, line) if one.kind != "file"]
    targets = {(str(one.place), one.text): one for one in there if one.place.path.parent.resolve() != run.resolve()}
    return [one for one in found if one not in own], list(targets.values())


def shown(notes: Sequence[Event], targets: Sequence[Event]) -> RenderableType:
    """Both lists, each line with its place."""
    parts: list[RenderableType] = []
    for title, found in (("Notes that name this run", notes), ("What its own note names", targets)):
        if found:
            more = f", the first {MOST}" if len(found) > MOST else ""
            parts.append(Text.assemble((title, "bold"), (f"  {len(found)}{more}", "dim")))
        for one in found[:MOST]:
            when = f"{one.when.days}  " if one.when else ""
            parts += [Text(f"  {line(one)}"), Text.assemble("    ", (when, "green"), place(one.place))]
    return Group(*parts)
