"""The record that all sources of the notebook share: an event with its text, its place in a file, and often a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

Kind = Literal["heading", "note", "task", "question", "run", "log", "job", "file", "paper"]


@dataclass(frozen=True)
class Place:
    """The place of an event's source.

    path: the file.
    line, last: first and last line, counted from 1; 0 for a file without lines.
    detail: the place within a file without lines, in words (`page 3`, `the region 12,40 to 300,80`).
    """

    path: Path
    line: int = 0
    last: int = 0
    detail: str = ""

    def __str__(self) -> str:
        """`path:line`, which editors and terminals turn into a link."""
        return f"{self.path}:{self.line}" if self.line else f"{self.path}{f' ({self.detail})' if self.detail else ''}"


@dataclass(frozen=True)
class Span:
    """A half-open time interval, `start` included and `end` excluded, in naive local time as in diaries.

    Raises ValueError if it ends before it starts.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a span ends at {self.end}, before it starts at {self.start}")

    @property
    def days(self) -> str:
        """`2025-03-08`, or the first and last day of a longer interval."""
        first, last = self.start.date(), (self.end - timedelta(microseconds=1)).date()
        return str(first) if first >= last else f"until {last}" if first.year <= 1970 else f"{first} to {last}"


@dataclass(frozen=True)
class Event:
    """One searchable entry of the notebook: a line of a note, a run, a log, a job, a piece of a file or of a paper.

    text: the text as it stands in its source, line breaks included.
    place: the place in the source.
    when: the time that the text is about; None if unknown.
    project: short name of the folder or note it belongs to.
    heading: the headings above it, outermost first, one line each.
    under: the parent list items, outermost first, or the header row of its table; one line each.
    state: `open`, `done` or `dropped` for a task or question; `running`, `finished`, `failed`, `killed` or `diverged` for a run or job;
        for a run also `created`, `stopped` (by its user), `damaged`, or `hole` (a sweep's table lists a run that does not exist yet).
    """

    kind: Kind
    text: str
    place: Place
    when: Span | None = None
    project: str = ""
    heading: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    state: str = ""
