"""The next steps of a morning: what was begun, what runs ask for, what notes suggest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta

from scratchlab.notebook.desk.crash import last_words
from scratchlab.notebook.desk.kept import Kept
from scratchlab.notebook.desk.line import key, line, name
from scratchlab.notebook.desk.morning import Seen, belongs, crashed, holes, lacking, noteless
from scratchlab.notebook.desk.next_steps import Step, suggested
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.table import COLUMNS, event

STEPS = 5
OF_RUNS = 2  # at most, where notes suggest enough
WINDOW = timedelta(days=90)  # of notes that are read for suggestions, before the last one


def steps(base: sqlite3.Connection, told: Seen, kept: Kept, project: str = "", most: int = STEPS) -> list[Step]:
    """At most five, those begun first; no step that was refused. A step that was begun and whose task is ticked is forgotten in `kept`."""
    notes = _notes(base, told, project)
    found = list(_begun([*told.events, *notes], kept))
    known = {step.key for step in found} | kept.refused.keys()
    runs = [step for step in _of_runs(base, told) if step.key not in known]
    suggestions = suggested([one for one in notes if key(one) not in known] if known else notes, most)
    room = most - len(found)
    first = max(OF_RUNS, room - len(suggestions))
    return [*found, *runs[:first], *suggestions][:most]


def _notes(base: sqlite3.Connection, told: Seen, project: str) -> list[Event]:
    """What was written lately, in the order of its files: within ninety days of the last that was."""
    now = told.now.isoformat()
    of_notes = "kind IN ('note', 'task', 'question') AND start <= ?"
    (last,) = base.execute(f"SELECT start FROM events WHERE {of_notes} ORDER BY start DESC LIMIT 1", (now,)).fetchone() or (now,)
    rows = base.execute(
        f"SELECT {COLUMNS} FROM events WHERE {of_notes} AND start > strftime('%Y-%m-%dT%H:%M:%S', ?, ?) ORDER BY path, line",
        (now, last, f"-{WINDOW.days} days"),
    )
    return [one for row in rows if belongs(one := event(row), project)]


def _begun(events: list[Event], kept: Kept) -> Iterator[Step]:
    """Steps that were begun, the latest first, while their lines are there and open."""
    there = {key(one): one for one in events} if kept.begun else {}
    for begun, when in sorted(kept.begun.items(), key=lambda pair: pair[1], reverse=True):
        one = there.get(begun)
        if one and one.state in ("done", "dropped"):
            del kept.begun[begun]
        elif one:
            yield Step.of(one, f"begun {when[:10]}")


def _of_runs(base: sqlite3.Connection, told: Seen) -> Iterator[Step]:
    """What runs ask for: the last crash since the last visit, the last result without a note, the first sweep with holes."""
    for one in crashed(told)[:1]:
        said, place = last_words(one)
        do = f"Go on with it: scratchlab resume {name(one)}" if (one.kind, one.state) == ("run", "killed") else f"Look into {name(one)}"
        yield Step(one, do, f"{one.state}: {said}" if said else one.state, place)
    for runs in noteless(base, told)[:1]:
        yield Step(runs[0], f"Write down what came of {line(runs[0])}", "a result without a note", runs[0].place)
    for cells in holes(told)[:1]:
        yield Step(cells[0], f"Fill {cells[0].project}", lacking(cells), cells[0].place)
