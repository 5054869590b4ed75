"""The next steps of the daily summary: steps begun, steps that runs call for, and steps suggested by notes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta

from scratchlab.notebook.daily.crash import error_of
from scratchlab.notebook.daily.event_line import key, line, name
from scratchlab.notebook.daily.next_steps import Step, suggested
from scratchlab.notebook.daily.sections import RecentEvents, belongs, crashes, describe_missing, missing_cells, noteless
from scratchlab.notebook.daily.visit_state import VisitState
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.table import COLUMNS, event_of

STEPS = 5
OF_RUNS = 2  # maximum steps from runs, if notes suggest enough
WINDOW = timedelta(days=90)  # how far before the last note the notes are read for suggestions


def steps(database: sqlite3.Connection, recent: RecentEvents, state: VisitState, project: str = "", most: int = STEPS) -> list[Step]:
    """At most `most` steps, begun ones first, without refused ones. Removes begun steps whose task is ticked from `state`."""
    notes = _notes(database, recent, project)
    found = list(_begun([*recent.events, *notes], state))
    known = {step.key for step in found} | state.refused.keys()
    runs = [step for step in _of_runs(database, recent) if step.key not in known]
    suggestions = suggested([event for event in notes if key(event) not in known] if known else notes, most)
    room = most - len(found)
    first = max(OF_RUNS, room - len(suggestions))
    return [*found, *runs[:first], *suggestions][:most]


def _notes(database: sqlite3.Connection, recent: RecentEvents, project: str) -> list[Event]:
    """The lines of notes of the ninety days before the last note, in the order of their files."""
    now = recent.now.isoformat()
    of_notes = "kind IN ('note', 'task', 'question') AND start <= ?"
    (last,) = database.execute(f"SELECT start FROM events WHERE {of_notes} ORDER BY start DESC LIMIT 1", (now,)).fetchone() or (now,)
    rows = database.execute(
        f"SELECT {COLUMNS} FROM events WHERE {of_notes} AND start > strftime('%Y-%m-%dT%H:%M:%S', ?, ?) ORDER BY path, line",
        (now, last, f"-{WINDOW.days} days"),
    )
    return [event for row in rows if belongs(event := event_of(row), project)]


def _begun(events: list[Event], state: VisitState) -> Iterator[Step]:
    """Begun steps, the latest first, whose lines still exist and are not done."""
    by_key = {key(event): event for event in events} if state.begun else {}
    for step_key, when in sorted(state.begun.items(), key=lambda pair: pair[1], reverse=True):
        event = by_key.get(step_key)
        if event and event.state in ("done", "dropped"):
            del state.begun[step_key]
        elif event:
            yield Step.of(event, f"begun {when[:10]}")


def _of_runs(database: sqlite3.Connection, recent: RecentEvents) -> Iterator[Step]:
    """Steps that runs call for: the last crash since the last visit, the last result without a note, the first incomplete sweep."""
    for event in crashes(recent)[:1]:
        message, place = error_of(event)
        action = (
            f"Resume it: scratchlab resume {name(event)}" if (event.kind, event.state) == ("run", "killed") else f"Look into {name(event)}"
        )
        yield Step(event, action, f"{event.state}: {message}" if message else event.state, place)
    for runs in noteless(database, recent)[:1]:
        yield Step(runs[0], f"Write a note about {line(runs[0])}", "a result without a note", runs[0].place)
    for cells in missing_cells(recent)[:1]:
        yield Step(cells[0], f"Complete {cells[0].project}", describe_missing(cells), cells[0].place)
