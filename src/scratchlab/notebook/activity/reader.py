"""The file of intervals, read by others while the watcher writes it; nothing here can change it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scratchlab.checks import duration
from scratchlab.notebook.activity.intervals import Interval, Watched
from scratchlab.notebook.activity.ledger import interval, told
from scratchlab.notebook.activity.spoken import outcome
from scratchlab.notebook.events import Event, Place, Span

_UNKNOWN = ("exited", "vanished")
"""States of which an event says nothing: that the job is over is known, and not what came of it."""


@dataclass(frozen=True)
class Choice:
    """Which intervals: those that overlap from `since` to `until` (seconds since 1970), of a host, of a project; all if not given."""

    since: float | None = None
    until: float | None = None
    host: str = ""
    project: str = ""

    def where(self) -> tuple[str, list[float | str]]:
        """The condition in SQL, and its values. A job that runs may run on after it was last seen."""
        parts = {
            "(state = 'running' OR last_seen >= ?)": self.since,
            "start < ?": self.until,
            "host = ?": self.host or None,
            "project = ?": self.project or None,
        }
        chosen = {part: value for part, value in parts.items() if value is not None}
        return " AND ".join(chosen) or "1", list(chosen.values())


@contextlib.contextmanager
def _opened(file: Path) -> Generator[sqlite3.Connection | None]:
    """The file, which can only be read; None where nothing was ever recorded, or the watcher has but begun to make it."""
    if not file.is_file():
        yield None
        return
    with told(file):
        base = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
    base.row_factory = sqlite3.Row
    try:
        with told(file):
            yield base if base.execute("PRAGMA user_version").fetchone()[0] else None
    finally:
        base.close()


def intervals(file: Path, choice: Choice | None = None) -> list[Interval]:
    """The intervals, in the order in which they began; none if nothing was ever recorded."""
    where, values = (choice or Choice()).where()
    with _opened(file) as base:
        return (
            []
            if base is None
            else [interval(row) for row in base.execute(f"SELECT * FROM interval WHERE {where} ORDER BY start, id", values)]
        )


def known(file: Path) -> tuple[list[str], list[str]]:
    """The hosts that were ever watched, and the projects of all jobs, by name."""
    with _opened(file) as base:
        if base is None:
            return [], []
        hosts = base.execute("SELECT host FROM watched UNION SELECT host FROM interval ORDER BY host")
        projects = base.execute("SELECT DISTINCT project FROM interval ORDER BY project")
        return [row[0] for row in hosts], [row[0] for row in projects]


def watched(file: Path) -> list[Watched]:
    """When which host was looked at, by host and time."""
    with _opened(file) as base:
        return (
            [] if base is None else [Watched(*row) for row in base.execute("SELECT host, since, until FROM watched ORDER BY host, since")]
        )


def gaps(file: Path, since: float, until: float) -> list[Watched]:
    """Stretches within this time in which a host that was ever watched was not, by host and time: `since` and `until` of each gap."""
    found: list[Watched] = []
    stretches = watched(file)
    for host in sorted({one.host for one in stretches}):
        at = since
        for one in stretches:
            if one.host == host and one.until > since and one.since < until:
                found += [Watched(host, at, one.since)] if one.since > at else []
                at = max(at, one.until)
        found += [Watched(host, at, until)] if at < until else []
    return found


def events(file: Path, choice: Choice | None = None) -> Iterator[Event]:
    """The intervals as events of the notebook, each with the log, or else the row, that proves it."""
    return (event(file, one) for one in intervals(file, choice))


def event(file: Path, one: Interval) -> Event:
    """An interval as an event of the notebook."""
    ended = one.last_seen if one.end is None else one.end
    place = Place(Path(one.log)) if one.log else Place(file, detail=f"job {one.id}")
    began = datetime.fromtimestamp(one.start)
    span = Span(began, max(began, datetime.fromtimestamp(ended)))  # by the clock on the wall an hour comes twice in autumn
    return Event("job", text(one), place, span, one.project, (one.host,), state="" if one.state in _UNKNOWN else one.state)


def text(one: Interval) -> str:
    """An interval in words, line by line, as it may be searched for."""
    lines = [one.command, f"{outcome(one)} on {one.host} after {duration(one.lasted)}, {duration(one.cpu)} of CPU, in {one.cwd}"]
    lines += [f"{duration(one.gpu)} of GPU"] if one.gpu else []
    lines += [f"commit {one.commit}{', changed since' if one.dirty else ''}"] if one.commit else []
    lines += [f"log {one.log}"] if one.log else []
    return "\n".join(lines)
