"""Which notes mention a run, and what the run's own note mentions, for the terminal."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from scratchlab.notebook.daily.event_line import line
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.mentions import mentioned, mentions
from scratchlab.notebook.link import place

MOST = 12  # lines shown of a list
PROSE = (".md", ".markdown")  # project files that may discuss runs; recipes and configs merely contain their names


def notes_mentioning(database: sqlite3.Connection, run: str) -> list[Event]:
    """The lines of notes that mention a run, including its own note, in the order of their places."""
    found = [event for event in mentions(database, run) if event.kind != "file" or event.place.path.suffix.lower() in PROSE]
    return list({str(event.place): event for event in found}.values())  # a note in a project's folder is indexed twice


def run_mentions(database: sqlite3.Connection, run: Path) -> tuple[list[Event], list[Event]]:
    """The lines of other notes that mention a run, and the runs, notes and logs that its own note mentions, without duplicates.

    run: the run's folder.
    """
    found = notes_mentioning(database, run.name)
    own = [event for event in found if event.place.path.parent.resolve() == run.resolve()]
    mentioned_events = [event for line in own for event in mentioned(database, line) if event.kind != "file"]
    targets = {(str(event.place), event.text): event for event in mentioned_events if event.place.path.parent.resolve() != run.resolve()}
    return [event for event in found if event not in own], list(targets.values())


def shown(notes: Sequence[Event], targets: Sequence[Event]) -> RenderableType:
    """Both lists of `run_mentions`, each line with its place."""
    parts: list[RenderableType] = []
    for title, found in (("Notes that mention this run", notes), ("Mentioned in its own note", targets)):
        if found:
            more = f", first {MOST} shown" if len(found) > MOST else ""
            parts.append(Text.assemble((title, "bold"), (f"  {len(found)}{more}", "dim")))
        for event in found[:MOST]:
            when = f"{event.when.days}  " if event.when else ""
            parts += [Text(f"  {line(event)}"), Text.assemble("    ", (when, "green"), place(event.place))]
    return Group(*parts)
