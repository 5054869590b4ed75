"""What lies on the desk: the sections of a morning, gathered from the table of events."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.notebook.desk.crash import last_words
from scratchlab.notebook.desk.line import line, name
from scratchlab.notebook.desk.named import naming
from scratchlab.notebook.events import Event, Place
from scratchlab.notebook.index.table import COLUMNS, event

FORGOTTEN = timedelta(days=30)  # a run without a note is told of for so long
CRASHED = ("failed", "killed")
WORK = ("run", "log", "job")
_KEY = re.compile(r"-[0-9a-f]{8}(?:-\d+)?$")


@dataclass(frozen=True)
class Item:
    """A line of a section.

    when: a time of day, a day or nothing, short.
    place: where the proof stands.
    """

    when: str
    text: str
    place: Place


@dataclass(frozen=True)
class Section:
    """What belongs together: the most urgent first, and how many there are in all."""

    title: str
    style: str
    items: list[Item]
    total: int


@dataclass(frozen=True)
class Seen:
    """What a morning is made of: everything up to `now`, and news from `since` on."""

    events: list[Event]
    since: datetime
    now: datetime


def seen(base: sqlite3.Connection, since: datetime, now: datetime, project: str = "") -> Seen:
    """The events whose state is not settled by a tick, of one project or all; those of later times are left out, and what runs' own notes
    ask, which is why they were made: a sweep may have put it to hundreds of runs.
    """
    rows = base.execute(f"SELECT {COLUMNS} FROM events WHERE state != '' AND state NOT IN ('done', 'dropped') ORDER BY path, line")
    found = [event(row) for row in rows]
    runs = {one.place.path.parent for one in found if one.kind == "run"}
    there = (one for one in found if one.kind != "question" or one.place.path.parent not in runs)
    return Seen([one for one in there if belongs(one, project) and (one.when is None or one.when.start <= now)], since, now)


def belongs(one: Event, project: str) -> bool:
    """Whether it is of this project, or says so in the name of its file or run; of none asked for, all are."""
    wanted = project.casefold()
    if not wanted or wanted == one.project.casefold():
        return True
    return wanted == (_KEY.sub("", name(one)) if one.kind == "run" else one.place.path.stem).casefold()


def checked(base: sqlite3.Connection, project: str) -> None:
    """Raises Problem for a project, a note or a recipe of runs of which nothing is known, with the projects of which most is."""
    if not project:
        return
    runs = [name(event(row)) for row in base.execute(f"SELECT {COLUMNS} FROM events WHERE kind = 'run' AND state != 'hole'")]
    named = base.execute("SELECT project FROM events WHERE project != '' GROUP BY project ORDER BY count(*) DESC, project")
    projects = [one for (one,) in named if one not in runs]  # a run's own note is of the run
    recipes = {_KEY.sub("", run) for run in runs}
    notes = {Path(path).stem for (path,) in base.execute("SELECT DISTINCT path FROM events WHERE kind NOT IN ('run', 'file')")}
    known = {*projects, *recipes, *notes}
    if project.casefold() not in map(str.casefold, known):
        raise Problem(f"Nothing is known of a project '{project}'.{nearest(project, known)} There are: {listing(projects)}.")


def sections(base: sqlite3.Connection, told: Seen, most: int) -> list[Section]:
    """All that have something in them, in the order in which a person wants to know; at most so many lines of each."""
    made = [
        _of("Finished", "green", _new(told, ("finished",)), lambda one: item(one, told.now), most),
        _of("Crashed", "red", _new(told, CRASHED), lambda one: _crash(one, told.now), most),
        _of("Diverged", "red", _new(told, ("diverged",)), lambda one: item(one, told.now), most),
        _of("Running", "cyan", _work(told, ("running",)), lambda one: item(one, told.now), most),
        _of("Results without a note", "yellow", noteless(base, told), lambda runs: _by_recipe(runs, told.now), most),
        _of("Unanswered questions", "yellow", _latest(told, "question"), lambda one: item(one, told.now), most),
        _of("Unfinished tasks", "yellow", tasks(told), lambda one: item(one, told.now), most),
        _of("Sweeps with holes", "yellow", holes(told), lambda cells: _lacking(cells, told.now), most),
    ]
    return [one for one in made if one.total]


T = TypeVar("T")


def _of(title: str, style: str, found: Sequence[T], shown: Callable[[T], Item], most: int) -> Section:
    return Section(title, style, [shown(one) for one in found[:most]], len(found))


def _work(told: Seen, states: Sequence[str]) -> list[Event]:
    """Runs, logs and jobs in these states, the latest first; of a job and its log, the log."""
    found = [one for one in told.events if one.kind in WORK and one.state in states]
    logs = {one.place.path for one in found if one.kind == "log"}
    return sorted((one for one in found if one.kind != "job" or one.place.path not in logs), key=_end, reverse=True)


def _new(told: Seen, states: Sequence[str]) -> list[Event]:
    """What came to this since the last visit."""
    return [one for one in _work(told, states) if one.when and one.when.end >= told.since]


def crashed(told: Seen) -> list[Event]:
    """What broke down since the last visit, diverged or not, the latest first."""
    return _new(told, (*CRASHED, "diverged"))


def _end(one: Event) -> datetime:
    return one.when.end if one.when else datetime.min


def item(one: Event, now: datetime) -> Item:
    """An event as a line."""
    return Item(short(one, now), line(one), one.place)


def _crash(one: Event, now: datetime) -> Item:
    head, (said, place) = name(one), last_words(one)
    return Item(short(one, now), f"{head}: {one.state}" + (f", {said}" if said not in head else ""), place)


def short(one: Event, now: datetime) -> str:
    """When it was: the time of an end, or of the beginning of what is running, of today or yesterday; else how long ago."""
    if not one.when:
        return ""
    moment = one.when.end if one.kind in WORK and one.state != "running" else one.when.start
    days = (now.date() - moment.date()).days
    if one.kind in WORK and days <= 1:
        return f"{moment:%H:%M}"
    return "today" if days == 0 else "1 day" if days == 1 else f"{days} days" if 1 < days < 100 else f"{moment:%Y-%m}"


def noteless(base: sqlite3.Connection, told: Seen) -> list[list[Event]]:
    """Runs that came to something in the last thirty days, have no note of their own (`--note`) and are named in none, those of one recipe
    together, the latest first.
    """
    groups: dict[str, list[Event]] = {}
    for one in _work(told, ("finished", "diverged")):
        recent = one.when and one.when.end >= told.now - FORGOTTEN
        if one.kind == "run" and recent and not naming(base, name(one)):  # its own note stands under its name
            groups.setdefault(_KEY.sub("", name(one)), []).append(one)
    return list(groups.values())


def _by_recipe(runs: Sequence[Event], now: datetime) -> Item:
    latest = name(runs[0])
    text = latest if len(runs) == 1 else f"{counted(len(runs), 'run')} of {_KEY.sub('', latest)}, the latest {latest}"
    return Item(short(runs[0], now), text, runs[0].place)


def _latest(told: Seen, kind: str) -> list[Event]:
    """What is open of a kind, the latest first; of one day, in the order of their lines."""
    found = [one for one in told.events if one.kind == kind and one.state == "open"]
    return sorted(found, key=lambda one: one.when.start if one.when else datetime.min, reverse=True)


def tasks(told: Seen) -> list[Event]:
    """Open tasks: those of the last day on which one was written, then the oldest of all, which waits longest, then the others."""
    found = _latest(told, "task")
    days = [one.when.start.date() for one in found if one.when]
    fresh = days.count(days[0]) if days else 0  # those without a day come last, so these come first
    oldest = len(days) - 1 if len(days) > fresh else len(found)
    return [*found[:fresh], *found[oldest : oldest + 1], *found[fresh:oldest], *found[oldest + 1 :]]


def holes(told: Seen) -> list[list[Event]]:
    """The cells that sweeps lack, those of one sweep together."""
    sweeps: dict[str, list[Event]] = {}
    for one in told.events:
        if one.state == "hole":
            sweeps.setdefault(one.project, []).append(one)
    return list(sweeps.values())


def lacking(cells: Sequence[Event]) -> str:
    """How many cells, and the first."""
    first = line(cells[0]).removeprefix(f"{cells[0].project} lacks ")
    return f"lacks {first}" if len(cells) == 1 else f"lacks {len(cells)} runs, the first {first}"


def _lacking(cells: Sequence[Event], now: datetime) -> Item:
    return Item(short(cells[0], now), f"{cells[0].project} {lacking(cells)}", cells[0].place)
