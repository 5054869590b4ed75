"""The pieces of a paper as events, with the time it was photographed or the date in its name."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.dates.written import nearest, written
from scratchlab.notebook.events import Event, Place, Span
from scratchlab.notebook.papers import pictures
from scratchlab.notebook.papers.pieces import Piece
from scratchlab.notebook.papers.reading import PDF


def events(path: Path, pieces: Sequence[Piece], known: date, project: str = "") -> list[Event]:
    """One event for each piece.

    known: a day near which the file was written, for dates without a year in its name.
    """
    when = _when(path, known)
    return [Event("paper", piece.text, Place(path, detail=piece.detail), when, project or path.stem) for piece in pieces]


def _when(path: Path, known: date) -> Span | None:
    """The minute at which it was taken, from EXIF; else the date in its name."""
    if path.suffix.lower() != PDF:
        with contextlib.suppress(Problem, OSError):
            if moment := pictures.taken(path):
                minute = moment.replace(second=0)
                return Span(minute, minute + timedelta(minutes=1))
    found = written(path.stem.replace("_", " "), nearest(known), leading=True)
    return found[0].span if found else None
