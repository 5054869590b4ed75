"""The sections of the daily summary, from the table of events."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.notebook.daily.crash import error_of
from scratchlab.notebook.daily.event_line import line, name
from scratchlab.notebook.daily.run_mentions import notes_mentioning
from scratchlab.notebook.events import Event, Place
from scratchlab.notebook.index.table import COLUMNS, event_of

FORGOTTEN = timedelta(days=30)  # for how long a run without a note is listed
CRASHED = ("failed", "killed")
WORK = ("run", "log", "job")
_KEY = re.compile(r"-[0-9a-f]{8}(?:-\d+)?$")


@dataclass(frozen=True)
class Item:
    """A line of a section; when: short time, age or nothing; place: the source."""

    when: str
    text: str
    place: Place


@dataclass(frozen=True)
class Section:
    """A titled list of items, the most urgent first; total: their number, including those not listed."""

    title: str
    style: str
    items: list[Item]
    total: int


@dataclass(frozen=True)
class RecentEvents:
    """The events up to `now`; those after `since` are news."""

    events: list[Event]
    since: datetime
    now: datetime


def recent_events(database: sqlite3.Connection, since: datetime, now: datetime, project: str = "") -> RecentEvents:
    """The events with a state that is not done or dropped, up to `now`, of one project ("": all).

    Questions in runs' own notes (`--note`) are left out: they state the purpose of a run, and a sweep may repeat one for hundreds of runs.
    """
    rows = database.execute(f"SELECT {COLUMNS} FROM events WHERE state != '' AND state NOT IN ('done', 'dropped') ORDER BY path, line")
    events = [event_of(row) for row in rows]
    runs = {event.place.path.parent for event in events if event.kind == "run"}
    relevant = (event for event in events if event.kind != "question" or event.place.path.parent not in runs)
    return RecentEvents(
        [event for event in relevant if belongs(event, project) and (event.when is None or event.when.start <= now)], since, now
    )


def belongs(event: Event, project: str) -> bool:
    """Whether the event's project, file name or run name is `project`; always true for ""."""
    wanted = project.casefold()
    if not wanted or wanted == event.project.casefold():
        return True
    return wanted == (_KEY.sub("", name(event)) if event.kind == "run" else event.place.path.stem).casefold()


def check_project(database: sqlite3.Connection, project: str) -> None:
    """Raises Problem, listing the largest projects, if `project` is no known project, note or recipe."""
    if not project:
        return
    runs = [name(event_of(row)) for row in database.execute(f"SELECT {COLUMNS} FROM events WHERE kind = 'run' AND state != 'hole'")]
    named = database.execute("SELECT project FROM events WHERE project != '' GROUP BY project ORDER BY count(*) DESC, project")
    projects = [project_name for (project_name,) in named if project_name not in runs]  # the project of a run's own note is the run
    recipes = {_KEY.sub("", run) for run in runs}
    notes = {Path(path).stem for (path,) in database.execute("SELECT DISTINCT path FROM events WHERE kind NOT IN ('run', 'file')")}
    known = {*projects, *recipes, *notes}
    if project.casefold() not in map(str.casefold, known):
        raise Problem(f"There is no project '{project}'.{nearest(project, known)} The projects are: {listing(projects)}.")


def sections(database: sqlite3.Connection, recent: RecentEvents, most: int) -> list[Section]:
    """The sections that are not empty, the most urgent first, with at most `most` items each."""
    candidates = [
        _section("Finished", "green", _new(recent, ("finished",)), lambda event: item(event, recent.now), most),
        _section("Crashed", "red", _new(recent, CRASHED), lambda event: _crash(event, recent.now), most),
        _section("Diverged", "red", _new(recent, ("diverged",)), lambda event: item(event, recent.now), most),
        _section("Running", "cyan", _work(recent, ("running",)), lambda event: item(event, recent.now), most),
        _section("Results without a note", "yellow", noteless(database, recent), lambda runs: _by_recipe(runs, recent.now), most),
        _section("Unanswered questions", "yellow", _latest(recent, "question"), lambda event: item(event, recent.now), most),
        _section("Unfinished tasks", "yellow", tasks(recent), lambda event: item(event, recent.now), most),
        _section("Incomplete sweeps", "yellow", missing_cells(recent), lambda cells: _sweep_item(cells, recent.now), most),
    ]
    return [event for event in candidates if event.total]


T = TypeVar("T")


def _section(title: str, style: str, found: Sequence[T], shown: Callable[[T], Item], most: int) -> Section:
    return Section(title, style, [shown(item) for item in found[:most]], len(found))


def _work(recent: RecentEvents, states: Sequence[str]) -> list[Event]:
    """Runs, logs and jobs in these states, the latest first; a job with an indexed log is left out in favour of the log."""
    found = [event for event in recent.events if event.kind in WORK and event.state in states]
    logs = {event.place.path for event in found if event.kind == "log"}
    return sorted((event for event in found if event.kind != "job" or event.place.path not in logs), key=_end, reverse=True)


def _new(recent: RecentEvents, states: Sequence[str]) -> list[Event]:
    """Runs, logs and jobs that ended in one of these states since the last visit."""
    return [event for event in _work(recent, states) if event.when and event.when.end >= recent.since]


def crashes(recent: RecentEvents) -> list[Event]:
    """Runs, logs and jobs that failed, were killed or diverged since the last visit, the latest first."""
    return _new(recent, (*CRASHED, "diverged"))


def _end(event: Event) -> datetime:
    return event.when.end if event.when else datetime.min


def item(event: Event, now: datetime) -> Item:
    """The item of an event."""
    return Item(short(event, now), line(event), event.place)


def _crash(event: Event, now: datetime) -> Item:
    head, (message, place) = name(event), error_of(event)
    return Item(short(event, now), f"{head}: {event.state}" + (f", {message}" if message not in head else ""), place)


def short(event: Event, now: datetime) -> str:
    """A short time: for work of today or yesterday the time of its end (if running, of its start), else the age in days or the month."""
    if not event.when:
        return ""
    moment = event.when.end if event.kind in WORK and event.state != "running" else event.when.start
    days = (now.date() - moment.date()).days
    if event.kind in WORK and days <= 1:
        return f"{moment:%H:%M}"
    return "today" if days == 0 else "1 day" if days == 1 else f"{days} days" if 1 < days < 100 else f"{moment:%Y-%m}"


def noteless(database: sqlite3.Connection, recent: RecentEvents) -> list[list[Event]]:
    """Runs with a result in the last thirty days that no note names and that have no own note (`--note`), by recipe, the latest first."""
    groups: dict[str, list[Event]] = {}
    for event in _work(recent, ("finished", "diverged")):
        fresh = event.when and event.when.end >= recent.now - FORGOTTEN
        if event.kind == "run" and fresh and not notes_mentioning(database, name(event)):  # includes its own note
            groups.setdefault(_KEY.sub("", name(event)), []).append(event)
    return list(groups.values())


def _by_recipe(runs: Sequence[Event], now: datetime) -> Item:
    latest = name(runs[0])
    text = latest if len(runs) == 1 else f"{counted(len(runs), 'run')} of {_KEY.sub('', latest)}, latest {latest}"
    return Item(short(runs[0], now), text, runs[0].place)


def _latest(recent: RecentEvents, kind: str) -> list[Event]:
    """Open events of a kind, the latest day first; within a day, in the order of their lines."""
    found = [event for event in recent.events if event.kind == kind and event.state == "open"]
    return sorted(found, key=lambda event: event.when.start if event.when else datetime.min, reverse=True)


def tasks(recent: RecentEvents) -> list[Event]:
    """Open tasks: those of the latest day with a task, then the oldest task, then the others from new to old."""
    found = _latest(recent, "task")
    days = [event.when.start.date() for event in found if event.when]
    fresh = days.count(days[0]) if days else 0  # tasks without a date are sorted last
    oldest = len(days) - 1 if len(days) > fresh else len(found)
    return [*found[:fresh], *found[oldest : oldest + 1], *found[fresh:oldest], *found[oldest + 1 :]]


def missing_cells(recent: RecentEvents) -> list[list[Event]]:
    """The missing cells of sweeps, grouped by sweep."""
    sweeps: dict[str, list[Event]] = {}
    for event in recent.events:
        if event.state == "hole":
            sweeps.setdefault(event.project, []).append(event)
    return list(sweeps.values())


def describe_missing(cells: Sequence[Event]) -> str:
    """The number of missing cells, and the first of them."""
    first = line(cells[0]).removeprefix(f"{cells[0].project} lacks ")
    return f"lacks {first}" if len(cells) == 1 else f"lacks {len(cells)} runs, first {first}"


def _sweep_item(cells: Sequence[Event], now: datetime) -> Item:
    return Item(short(cells[0], now), f"{cells[0].project} {describe_missing(cells)}", cells[0].place)
