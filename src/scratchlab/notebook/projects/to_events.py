"""A project's text files, checkpoints and disk usage as events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from rich.filesize import decimal

from scratchlab.checks import listing
from scratchlab.notebook.events import Event, Place, Span
from scratchlab.notebook.projects.disk import Checkpoint, Disk
from scratchlab.notebook.projects.pieces import pieces
from scratchlab.notebook.projects.texts import text_type

PARTS = 8  # folders named in the event about disk usage


def text(path: Path, lines: Sequence[str], project: Path) -> list[Event]:
    """The pieces of a config or script, with its path within the project as heading and without a time."""
    inside = (str(path.relative_to(project)),)
    found = pieces(text_type(path.name), lines)
    return [
        Event("file", "\n".join(lines[piece.line - 1 : piece.last]), Place(path, piece.line, piece.last), None, project.name, inside)
        for piece in found
    ]


def checkpoint(found: Checkpoint, project: Path) -> Event:
    """The event of a checkpoint, at the minute it was written."""
    minute = found.changed.replace(second=0, microsecond=0)
    beside = (
        f", beside {found.beside.relative_to(project) if found.beside.is_relative_to(project) else found.beside}" if found.beside else ""
    )
    text_ = f"checkpoint {found.path.relative_to(project)}: {decimal(found.size)}, written {minute.isoformat(' ', 'minutes')}{beside}"
    return Event("file", text_, Place(found.path), Span(minute, minute + timedelta(minutes=1)), project.name)


def disk_event(found: Disk) -> Event:
    """The event about a project's disk usage, naming its largest folders."""
    parts = [f"{part.folder.relative_to(found.folder)} {decimal(part.bytes)} ({part.kind})" for part in found.parts[:PARTS] if part.bytes]
    refused = f"; {len(found.refused)} places could not be read" if found.refused else ""
    text_ = f"disk usage of {found.folder.name}: {decimal(found.bytes)} in {found.files:,} files: {listing(parts)}{refused}"
    return Event("file", text_, Place(found.folder), None, found.folder.name)
