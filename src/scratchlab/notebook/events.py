"""What the notebook's sources have in common: something that stands somewhere, and often some time at which it was so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

Kind = Literal["heading", "note", "task", "question", "run", "log", "job", "file", "paper"]


@dataclass(frozen=True)
class Place:
    """Where the proof stands.

    path: of the file.
    line, last: its first and last line, counted from 1; 0 where a file has no lines.
    detail: where in a file without lines, as a person would say it (`page 3`, `the region 12,40 to 300,80`).
    """

    path: Path
    line: int = 0
    last: int = 0
    detail: str = ""

    def __str__(self) -> str:
        """`path:line`, which editors and terminals make a link of."""
        return f"{self.path}:{self.line}" if self.line else f"{self.path}{f' ({self.detail})' if self.detail else ''}"


@dataclass(frozen=True)
class Span:
    """A stretch of time, `start` inside and `end` outside, in naive local time as diaries keep it.

    Raises ValueError if it ends before it starts.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a span ends at {self.end}, before it starts at {self.start}")

    @property
    def days(self) -> str:
        """`2025-03-08`, or the first and the last day of several."""
        first, last = self.start.date(), (self.end - timedelta(microseconds=1)).date()
        return str(first) if first >= last else f"until {last}" if first.year <= 1970 else f"{first} to {last}"


@dataclass(frozen=True)
class Event:
    """One thing that a person may ask for later.

    kind: what sort of thing.
    text: as it stands in its source, lines and all.
    place: where that is.
    when: the time it tells of; None if nothing says.
    project: the folder or note it belongs to, a short name.
    heading: the headings above it, outermost first, a line each.
    under: the list items it hangs under, outermost first, or the head of the table it is a row of; a line each.
    state: what has become of it: `open`, `done` or `dropped` of a task or question; `running`, `finished`, `failed`, `killed`, `diverged`
        of a run or a job; of a run also `created`, `stopped` by its user, `damaged`, and `hole`: a sweep asks for it, and it is not there.
    """

    kind: Kind
    text: str
    place: Place
    when: Span | None = None
    project: str = ""
    heading: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    state: str = ""
