"""What lies on the desk: the sections of a morning, gathered from the table of events."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scratchlab.checks import counted
from scratchlab.notebook.desk.crash import last_words
from scratchlab.notebook.desk.line import line, name
from scratchlab.notebook.events import Event, Place
from scratchlab.notebook.index.mentions import mentions
from scratchlab.notebook.index.table import COLUMNS, event

FORGOTTEN = timedelta(days=30)  # a run without a note is told of for so long
CRASHED = ("failed", "killed")
_KEY = re.compile(r"-[0-9a-f]{8}(?:-\d+)?$")


@dataclass(frozen=True)
class Item:
    """A line of a section.

    when: a time of day, a day or nothing, short.
    place: where the proof stands.
    event: what it is about; of several, the latest.
    """

    when: str
    text: str
    place: Place
    event: Event


@dataclass(frozen=True)
class Section:
    """What belongs together, the most urgent first."""

    title: str
    items: list[Item]
    style: str = ""


@dataclass(frozen=True)
class Seen:
    """What a morning is made of: everything up to `now`, and news from `since` on."""

    events: list[Event]
    since: datetime
    now: datetime


def seen(base: sqlite3.Connection, since: datetime, now: datetime, project: str = "") -> Seen:
    """The events with a state, of one project or all; those of later times are left out."""
    rows = base.execute(f"SELECT {COLUMNS} FROM events WHERE state != '' ORDER BY path, line")
    events = [one for row in rows if belongs(one := event(row), project) and (one.when is None or one.when.start <= now)]
    return Seen(events, since, now)


def belongs(one: Event, project: str) -> bool:
    """Whether it is of this project, or says so in the name of its file or run; of none asked for, all are."""
    wanted = project.casefold()
    return not wanted or wanted == one.project.casefold() or (one.kind == "run" and _KEY.sub("", name(one)).casefold() == wanted)


def sections(base: sqlite3.Connection, told: Seen) -> list[Section]:
    """All that have something in them, in the order in which a person wants to know."""
    made = [
        _news("Finished", "green", told, ("finished",)),
        _news("Crashed", "red", told, CRASHED, last_words),
        _news("Diverged", "red", told, ("diverged",)),
        Section("Running", [_item(one, told.now) for one in _work(told, ("running",))], "cyan"),
        Section("Results without a note", noteless(base, told), "yellow"),
        Section("Unanswered questions", [_item(one, told.now) for one in _latest(told, "question")], "yellow"),
        Section("Unfinished tasks", [_item(one, told.now) for one in tasks(told)], "yellow"),
        Section("Sweeps with holes", holes(told), "yellow"),
    ]
    return [one for one in made if one.items]


def _work(told: Seen, states: Sequence[str]) -> list[Event]:
    """Runs, logs and jobs in these states, the latest first."""
    found = [one for one in told.events if one.kind in ("run", "log", "job") and one.state in states]
    return sorted(found, key=_end, reverse=True)


def _end(one: Event) -> datetime:
    return one.when.end if one.when else datetime.min


def _news(title: str, style: str, told: Seen, states: Sequence[str], words: Callable[[Event], tuple[str, Place]] | None = None) -> Section:
    """What came to this since the last visit."""
    new = [one for one in _work(told, states) if one.when and one.when.end >= told.since]
    return Section(title, [_item(one, told.now, words(one) if words else None) for one in new], style)


def _item(one: Event, now: datetime, words: tuple[str, Place] | None = None) -> Item:
    if words is None:
        return Item(short(one, now), line(one), one.place, one)
    head = name(one) if one.kind == "run" else line(one)
    return Item(short(one, now), f"{head}: {one.state}" + (f", {words[0]}" if words[0] not in head else ""), words[1], one)


def short(one: Event, now: datetime) -> str:
    """When it was: the time of an end, or of the beginning of what is running, of today or yesterday; else how long ago."""
    if not one.when:
        return ""
    moment = one.when.end if one.kind in ("run", "log", "job") and one.state != "running" else one.when.start
    days = (now.date() - moment.date()).days
    if one.kind in ("run", "log", "job") and days <= 1:
        return f"{moment:%H:%M}"
    return "today" if days == 0 else "1 day" if days == 1 else f"{days} days" if 1 < days < 100 else f"{moment:%Y-%m}"


def noteless(base: sqlite3.Connection, told: Seen) -> list[Item]:
    """Runs that came to something in the last thirty days and that no note names, those of one recipe together.

    A run's own note does not count: it says why the run was made, not what came of it.
    """
    groups: dict[str, list[Event]] = {}
    for one in _work(told, ("finished", "diverged")):
        recent = one.when and one.when.end >= told.now - FORGOTTEN
        if (
            one.kind == "run"
            and recent
            and not [note for note in mentions(base, name(one)) if note.place.path.parent != one.place.path.parent]
        ):
            groups.setdefault(_KEY.sub("", name(one)), []).append(one)
    made: list[Item] = []
    for recipe, runs in groups.items():
        latest = name(runs[0])
        text = latest if len(runs) == 1 else f"{counted(len(runs), 'run')} of {recipe}, the latest {latest}"
        made.append(Item(short(runs[0], told.now), text, runs[0].place, runs[0]))
    return made


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


def holes(told: Seen) -> list[Item]:
    """Sweeps that lack cells, each with how many and the first."""
    sweeps: dict[str, list[Event]] = {}
    for one in told.events:
        if one.state == "hole":
            sweeps.setdefault(one.project, []).append(one)
    return [_lacking(cells, told.now) for cells in sweeps.values()]


def _lacking(cells: Sequence[Event], now: datetime) -> Item:
    first = line(cells[0])
    text = first if len(cells) == 1 else f"{cells[0].project} lacks {len(cells)} runs, the first {first.partition(' lacks ')[2]}"
    return Item(short(cells[0], now), text, cells[0].place, cells[0])
