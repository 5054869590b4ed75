"""What to do next, out of what was written: two open items, and the last day's entries, a line of each.

`studies/next_steps.py` measures it beside other rules. Nothing is learned: on the logs at hand no weights could be told from luck.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from scratchlab.notebook.desk.line import key, line
from scratchlab.notebook.desk.unfinished import unfinished
from scratchlab.notebook.events import Event, Place

OPEN = 2  # of the suggestions, how many are open items, if there are as many


@dataclass(frozen=True)
class Step:
    """A suggestion, and why it is one.

    event: what it comes from.
    text: what to do, on a line. place: where to begin.
    """

    event: Event
    text: str
    reason: str
    place: Place

    @classmethod
    def of(cls, event: Event, reason: str) -> Step:
        """To go on with a line as it stands."""
        return cls(event, line(event), reason, event.place)

    @property
    def key(self) -> str:
        """By which it is known again."""
        return key(self.event)


def suggested(events: Sequence[Event], most: int = 5) -> list[Step]:
    """The steps that notes suggest, from everything up to their last day; fewer where there are fewer lines.

    events: in the order of their files.
    """
    written = _by_day(events)
    if not written:
        return []
    last = max(written)
    found = list(_open(written, min(OPEN, most)))
    known = {step.key for step in found}
    for event in _spread(written[last]):
        if len(found) >= most:
            break
        step = Step.of(event, f"from the last day of notes, {last.day} {last:%B %Y}")
        if step.key not in known:
            found.append(step)
            known.add(step.key)
    return found


def _by_day(events: Sequence[Event]) -> dict[date, list[Event]]:
    """What was written in notes, by the day it tells of; a row of a table is nothing to do."""
    days: dict[date, list[Event]] = {}
    for event in events:
        if event.when and event.kind in ("note", "task", "question") and not _row(event):
            days.setdefault(event.when.start.date(), []).append(event)
    return days


def _row(event: Event) -> bool:
    """Whether it is a row of a table: it has an edge, or the head that it hangs under has columns as well."""
    return event.text.lstrip().startswith("|") or ("|" in event.text and "|" in "".join(event.under[-1:]))


def _entry(event: Event) -> tuple[object, ...]:
    """What it is a part of: in a note of many days, what stands under one heading of a day."""
    return (event.place.path, *event.heading[:2])


def _open(days: dict[date, list[Event]], most: int) -> Iterator[Step]:
    """Open items, those of the latest days first, one of an entry."""
    entries: set[tuple[object, ...]] = set()
    for day in sorted(days, reverse=True):
        for event in days[day]:
            if len(entries) >= most:
                return
            why = unfinished(event)
            if why and _entry(event) not in entries:
                entries.add(_entry(event))
                yield Step.of(event, f"{why}, {day.day} {day:%B %Y}")


def _spread(events: Sequence[Event]) -> Iterator[Event]:
    """The first line of every entry, then the second of every entry, and so on; nothing that is done."""
    entries: dict[tuple[object, ...], list[Event]] = {}
    for event in events:
        if event.state not in ("done", "dropped"):
            entries.setdefault(_entry(event), []).append(event)
    for rank in range(max(map(len, entries.values()), default=0)):
        yield from (entry[rank] for entry in entries.values() if rank < len(entry))
