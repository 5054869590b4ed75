"""What a project's files say, where its checkpoints lie and what fills its disk, as events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from rich.filesize import decimal

from scratchlab.checks import listing
from scratchlab.notebook.events import Event, Place, Span
from scratchlab.notebook.projects.disk import Checkpoint, Disk
from scratchlab.notebook.projects.pieces import pieces
from scratchlab.notebook.projects.texts import named

PARTS = 8  # that are told of a disk


def text(path: Path, lines: Sequence[str], project: Path) -> list[Event]:
    """The pieces of a config or script, under the path it has in its project. They have no time: a file tells what is, not what was."""
    inside = (str(path.relative_to(project)),)
    found = pieces(named(path.name), lines)
    return [
        Event("file", "\n".join(lines[one.line - 1 : one.last]), Place(path, one.line, one.last), None, project.name, inside)
        for one in found
    ]


def checkpoint(one: Checkpoint, project: Path) -> Event:
    """Where a checkpoint lies, at the minute it was written."""
    minute = one.changed.replace(second=0, microsecond=0)
    beside = f", beside {one.beside.relative_to(project) if one.beside.is_relative_to(project) else one.beside}" if one.beside else ""
    said = f"checkpoint {one.path.relative_to(project)}: {decimal(one.size)}, written {minute.isoformat(' ', 'minutes')}{beside}"
    return Event("file", said, Place(one.path), Span(minute, minute + timedelta(minutes=1)), project.name)


def filled(found: Disk) -> Event:
    """What fills a project's disk: the largest of its folders."""
    parts = [f"{part.folder.relative_to(found.folder)} {decimal(part.bytes)} ({part.kind})" for part in found.parts[:PARTS] if part.bytes]
    refused = f"; {len(found.refused)} places could not be looked at" if found.refused else ""
    said = f"what fills the disk of {found.folder.name}: {decimal(found.bytes)} in {found.files:,} files: {listing(parts)}{refused}"
    return Event("file", said, Place(found.folder), None, found.folder.name)
