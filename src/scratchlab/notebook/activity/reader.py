"""Read-only access to the database of intervals, also while the watcher writes it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scratchlab.checks import duration
from scratchlab.notebook.activity.intervals import Interval, WatchedPeriod
from scratchlab.notebook.activity.ledger import database_errors, interval
from scratchlab.notebook.activity.wording import describe_result
from scratchlab.notebook.events import Event, Place, Span

_UNKNOWN = ("exited", "vanished")
"""States without a known result, which events leave empty."""


@dataclass(frozen=True)
class IntervalFilter:
    """A selection of intervals: overlapping `since` to `until` (seconds since 1970), of a host, of a project; by default all."""

    since: float | None = None
    until: float | None = None
    host: str = ""
    project: str = ""

    def where(self) -> tuple[str, list[float | str]]:
        """The SQL condition and its values. Running jobs may have continued after they were last seen."""
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
    """A read-only connection; None if nothing was recorded yet, or the database is just being created."""
    if not file.is_file():
        yield None
        return
    with database_errors(file):
        database = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
    database.row_factory = sqlite3.Row
    try:
        with database_errors(file):
            yield database if database.execute("PRAGMA user_version").fetchone()[0] else None
    finally:
        database.close()


def intervals(file: Path, choice: IntervalFilter | None = None) -> list[Interval]:
    """The selected intervals, sorted by start; none if nothing was recorded yet."""
    where, values = (choice or IntervalFilter()).where()
    with _opened(file) as database:
        return (
            []
            if database is None
            else [interval(row) for row in database.execute(f"SELECT * FROM interval WHERE {where} ORDER BY start, id", values)]
        )


def known_names(file: Path) -> tuple[list[str], list[str]]:
    """The names of all hosts and projects with records, sorted."""
    with _opened(file) as database:
        if database is None:
            return [], []
        hosts = database.execute("SELECT host FROM watched UNION SELECT host FROM interval ORDER BY host")
        projects = database.execute("SELECT DISTINCT project FROM interval ORDER BY project")
        return [row[0] for row in hosts], [row[0] for row in projects]


def watched(file: Path) -> list[WatchedPeriod]:
    """The watched periods, by host and time."""
    with _opened(file) as database:
        return (
            []
            if database is None
            else [WatchedPeriod(*row) for row in database.execute("SELECT host, since, until FROM watched ORDER BY host, since")]
        )


def gaps(file: Path, since: float, until: float) -> list[WatchedPeriod]:
    """The gaps within a time in which a known host was not watched, by host and time."""
    found: list[WatchedPeriod] = []
    periods = watched(file)
    for host in sorted({period.host for period in periods}):
        covered = since
        for period in periods:
            if period.host == host and period.until > since and period.since < until:
                found += [WatchedPeriod(host, covered, period.since)] if period.since > covered else []
                covered = max(covered, period.until)
        found += [WatchedPeriod(host, covered, until)] if covered < until else []
    return found


def events(file: Path, choice: IntervalFilter | None = None) -> Iterator[Event]:
    """The intervals as events, each with its log, or else its row in the database, as the place."""
    return (event(file, interval_) for interval_ in intervals(file, choice))


def event(file: Path, interval_: Interval) -> Event:
    """An interval as an event."""
    ended = interval_.last_seen if interval_.end is None else interval_.end
    place = Place(Path(interval_.log)) if interval_.log else Place(file, detail=f"job {interval_.id}")
    began = datetime.fromtimestamp(interval_.start)
    span = Span(began, max(began, datetime.fromtimestamp(ended)))  # local times repeat for an hour in autumn
    return Event(
        "job",
        description(interval_),
        place,
        span,
        interval_.project,
        (interval_.host,),
        state="" if interval_.state in _UNKNOWN else interval_.state,
    )


def description(job: Interval) -> str:
    """The searchable text of an interval."""
    lines = [
        job.command,
        f"{describe_result(job)} on {job.host} after {duration(job.lasted)}, {duration(job.cpu)} of CPU, in {job.cwd}",
    ]
    lines += [f"{duration(job.gpu)} of GPU"] if job.gpu else []
    lines += [f"commit {job.commit}{', changed since' if job.dirty else ''}"] if job.commit else []
    lines += [f"log {job.log}"] if job.log else []
    return "\n".join(lines)
