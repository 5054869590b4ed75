"""Finds the time expressions in a text, with their parts and positions."""

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
REACH = 60  # characters before a time that are searched for a part of it
DEPTH = 3  # nesting of parts: the Friday of the second week of last month
COMING = timedelta(days=92)  # how far in the future due dates without a year may be


@dataclass(frozen=True)
class Named:
    """A time expression at `text[start:end]`.

    at: function from the current day to the span it means; raises ValueError or OverflowError if there is none.
    again: period after which it recurs, `week`, `month` or `year`; None if it does not.
    ranged: whether it names both a first and a last day.
    ends: whether it extends to the end of the longer time it is part of.
    bare: whether it has a meaning only together with a part.
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
        """The next such time if it is near, else the last one."""
        if self.again:
            for span in (self.seen_from(now), self.seen_from(moved(now, self.again, 1))):
                if span and span.end.date() > now and span.start.date() - now <= COMING:
                    return span
        return self.last(now)

    def seen_from(self, day: date) -> Span | None:
        """The last such time as of that day; None if there is none (no 30th in February), or for unknown words (as in `laſt`)."""
        try:
            return self.last(day)
        except (ValueError, OverflowError, KeyError):
            return None


def named(text: str, now: date) -> list[Named]:
    """The time expressions of a text, in order; of overlapping ones the longest."""
    found = [
        candidate
        for candidate in _with_parts(text, [*_written(text, now), *_ruled(text)], DEPTH)
        if not candidate.bare and candidate.seen_from(now)
    ]
    chosen: list[Named] = []
    for candidate in sorted(found, key=lambda candidate: candidate.start - candidate.end):
        if all(candidate.end <= other.start or candidate.start >= other.end for other in chosen):
            chosen.append(candidate)
    return sorted(chosen, key=lambda candidate: candidate.start)


def _written(text: str, now: date) -> Iterator[Named]:
    for whole in written(text, latest(now)):
        yield Named(_dated(text, whole), whole.start, whole.end, "year" if whole.yearless else None, whole.ranged)


def _dated(text: str, date_: Written) -> Callable[[date], Span]:
    """The meaning of a date; without a year, it depends on the current day."""
    date_text = text[date_.start : date_.end]
    if not date_.yearless:
        return lambda _: date_.span
    return lambda now: next((found.span for found in written(date_text, latest(now))), date_.span)


def _ruled(text: str) -> Iterator[Named]:
    for rule in RULES:
        for match in rule.pattern.finditer(text):
            at = _meant(rule, match)
            yield Named(at, match.start(), match.end(), rule.comes_again(match), _two(match), bare=rule.bare)


def _meant(rule: Rule, match: re.Match[str]) -> Callable[[date], Span]:
    return lambda now: rule.meaning(match, now)


def _two(match: re.Match[str]) -> bool:
    """Whether a first and a last day are named."""
    return "to" in match.groupdict()


def _with_parts(text: str, wholes: Sequence[Named], depth: int) -> Iterator[Named]:
    """Yields the expressions, and those extended by expressions for parts beside them."""
    yield from wholes
    parts = [part for whole in wholes for part in _parts(text, whole)]
    if parts and depth:
        yield from _with_parts(text, parts, depth - 1)


def _parts(text: str, whole: Named) -> Iterator[Named]:
    for part in BEFORE:
        if match := part.pattern.search(text, max(0, whole.start - REACH), whole.start):
            yield _part(part, match, whole, match.start(), whole.end)
    for part in AFTER:
        if match := part.pattern.match(text, whole.end):
            yield _part(part, match, whole, whole.start, match.end())


def _part(part: Part, match: re.Match[str], whole: Named, start: int, end: int) -> Named:
    return Named(lambda now: part.meaning(match, whole.at(now)), start, end, whole.again, _two(match), part.ends(match))
