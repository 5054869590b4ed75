"""Next steps suggested from notes: two open items, then one line from each entry of the last day.

`studies/next_steps.py` compares this rule with others. Nothing is learned: on the available diaries no learned weights were significantly
better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from scratchlab.notebook.daily.event_line import key, line
from scratchlab.notebook.daily.unfinished import unfinished
from scratchlab.notebook.events import Event, Place

OPEN = 2  # maximum number of open items among the suggestions


@dataclass(frozen=True)
class Step:
    """A suggested step.

    event: the event it comes from. text: what to do, in one line. reason: why it is suggested. place: where to start.
    """

    event: Event
    text: str
    reason: str
    place: Place

    @classmethod
    def of(cls, event: Event, reason: str) -> Step:
        """The step "continue with this line"."""
        return cls(event, line(event), reason, event.place)

    @property
    def key(self) -> str:
        """A stable identifier."""
        return key(self.event)


def suggested(events: Sequence[Event], most: int = 5) -> list[Step]:
    """At most `most` steps suggested by notes; events: in the order of their files."""
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
    """The lines of notes by date; rows of tables are left out, as they are no tasks."""
    days: dict[date, list[Event]] = {}
    for event in events:
        if event.when and event.kind in ("note", "task", "question") and not _row(event):
            days.setdefault(event.when.start.date(), []).append(event)
    return days


def _row(event: Event) -> bool:
    """Whether the event is a row of a table: it begins with a pipe, or it and its header row contain pipes."""
    return event.text.lstrip().startswith("|") or ("|" in event.text and "|" in "".join(event.under[-1:]))


def _entry(event: Event) -> tuple[object, ...]:
    """The entry that a line belongs to: the part of a note under one heading of a day."""
    return (event.place.path, *event.heading[:2])


def _open(days: dict[date, list[Event]], most: int) -> Iterator[Step]:
    """At most one open item of each entry, those of the latest days first."""
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
    """The first line of every entry, then the second of every entry, and so on, without done and dropped items."""
    entries: dict[tuple[object, ...], list[Event]] = {}
    for event in events:
        if event.state not in ("done", "dropped"):
            entries.setdefault(_entry(event), []).append(event)
    for rank in range(max(map(len, entries.values()), default=0)):
        yield from (entry[rank] for entry in entries.values() if rank < len(entry))
