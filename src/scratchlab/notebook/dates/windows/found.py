"""The times that a text names, with their parts, where they stand in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scratchlab.notebook.dates.calendar import moved
from scratchlab.notebook.dates.windows import chinese, english, english_parts, korean
from scratchlab.notebook.dates.windows.parts import Part
from scratchlab.notebook.dates.windows.rules import Rule
from scratchlab.notebook.dates.written import Written, latest, written
from scratchlab.notebook.events import Span

RULES: tuple[Rule, ...] = (*english.RULES, *chinese.RULES, *korean.RULES)
BEFORE: tuple[Part, ...] = english_parts.BEFORE
AFTER: tuple[Part, ...] = (*english_parts.AFTER, *chinese.AFTER, *korean.AFTER)
REACH = 60  # characters before a time in which a part of it is said
DEPTH = 3  # parts of parts: the Friday of the second week of last month
COMING = timedelta(days=92)  # how far ahead a thing is due at most, if no year is said


@dataclass(frozen=True)
class Named:
    """A time where it stands in a text: `text[start:end]`.

    at: what it means as seen from a day; raises ValueError or OverflowError if there is no such day.
    again: after how long it comes again, `week`, `month` or `year`; None if it does not.
    ranged: whether it has a first and a last day of its own.
    ends: whether it reaches to the end of what it is part of.
    bare: whether it means nothing yet, for want of a part.
    """

    at: Callable[[date], Span]
    start: int
    end: int
    again: str | None = None
    ranged: bool = False
    ends: bool = False
    bare: bool = False

    def last(self, now: date) -> Span:
        """The last such time that has begun."""
        span = self.at(now)
        if self.again and span.start.date() > now:
            return self.at(moved(now, self.again, -1))
        return span

    def due(self, now: date) -> Span:
        """The coming such time, if it is not far; else the last."""
        if self.again:
            for span in (self.seen(now), self.seen(moved(now, self.again, 1))):
                if span and span.end.date() > now and span.start.date() - now <= COMING:
                    return span
        return self.last(now)

    def seen(self, day: date) -> Span | None:
        """The last such time as seen from that day, None if there is none: no 30th in February; a letter that only counts as one of the
        pattern's, as in `laſt`.
        """
        try:
            return self.last(day)
        except (ValueError, OverflowError, KeyError):
            return None


def named(text: str, now: date) -> list[Named]:
    """The times that a text names, in its order; of those that overlap the longest."""
    found = [one for one in _with_parts(text, [*_written(text, now), *_ruled(text)], DEPTH) if not one.bare and one.seen(now)]
    kept: list[Named] = []
    for one in sorted(found, key=lambda one: one.start - one.end):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def _written(text: str, now: date) -> Iterator[Named]:
    for one in written(text, latest(now)):
        yield Named(_dated(text, one), one.start, one.end, "year" if one.yearless else None, one.ranged)


def _dated(text: str, one: Written) -> Callable[[date], Span]:
    """A date, without a year as seen from any day."""
    said = text[one.start : one.end]
    if not one.yearless:
        return lambda _: one.span
    return lambda now: next((found.span for found in written(said, latest(now))), one.span)


def _ruled(text: str) -> Iterator[Named]:
    for rule in RULES:
        for match in rule.pattern.finditer(text):
            at = _meant(rule, match)
            yield Named(at, match.start(), match.end(), rule.comes_again(match), _two(match), bare=rule.bare)


def _meant(rule: Rule, match: re.Match[str]) -> Callable[[date], Span]:
    return lambda now: rule.meaning(match, now)


def _two(match: re.Match[str]) -> bool:
    """Whether a first and a last day were said."""
    return "to" in match.groupdict()


def _with_parts(text: str, wholes: Sequence[Named], depth: int) -> Iterator[Named]:
    """The wholes, and what is said of them beside them."""
    yield from wholes
    parts = [part for one in wholes for part in _parts(text, one)]
    if parts and depth:
        yield from _with_parts(text, parts, depth - 1)


def _parts(text: str, one: Named) -> Iterator[Named]:
    for part in BEFORE:
        if match := part.pattern.search(text, max(0, one.start - REACH), one.start):
            yield _part(part, match, one, match.start(), one.end)
    for part in AFTER:
        if match := part.pattern.match(text, one.end):
            yield _part(part, match, one, one.start, match.end())


def _part(part: Part, match: re.Match[str], one: Named, start: int, end: int) -> Named:
    return Named(lambda now: part.meaning(match, one.at(now)), start, end, one.again, _two(match), part.ends(match))
