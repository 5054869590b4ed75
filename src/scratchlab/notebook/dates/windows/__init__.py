"""The stretch of time that a question asks for, and the question without the words that said so.

Dates are searched first: an answer from another week is no answer. What is said without a year is the last such time before now.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from scratchlab.notebook.dates.windows import chinese, english, korean
from scratchlab.notebook.dates.windows.rules import Rule
from scratchlab.notebook.dates.written import latest, written
from scratchlab.notebook.events import Span

RULES: tuple[Rule, ...] = (*english.RULES, *chinese.RULES, *korean.RULES)
BETWEEN = re.compile(r"\b(between\s+(?:the\s+)?)(.{1,30}?)\s+and\s+(?=(?:the\s+)?\w)", re.IGNORECASE)
JOINED = re.compile(r"\s*(?:~|～|–|—|-|to|until|till|through|and|至|到|부터|에서)\s*(?:the\s+)?", re.IGNORECASE)
SINCE = (
    re.compile(r"\b(?:since|after|from|ever since)\s+(?:the\s+)?$", re.IGNORECASE),
    re.compile(r"\s*(?:以来|之后|以后|后|起|이후|부터|뒤|이래)"),
)
UNTIL = (
    re.compile(r"\b(?:before|until|till|by|up to)\s+(?:the\s+)?$", re.IGNORECASE),
    re.compile(r"\s*(?:之前|以前|前|为止|이전|까지|전)"),
)
LEADS = re.compile(r"\b(?:in|on|at|during|over|around|of|the|for|within|from|between)\s+(?:the\s+)?$|[在于从]$", re.IGNORECASE)
TRAILS = re.compile(r"\s*(?:之间|期间|的时候|那天|里|之内|以内|사이에?|동안|에는|에)(?!\w)|\s*(?:的|에)", re.IGNORECASE)
CLOSES = re.compile(r"\s*(?:까지|为止)")
LONGEST = 1000  # characters in which a time is looked for; a longer question is a text that was pasted
EARLIEST = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Window:
    """What a question asks for.

    span: the time, None if it names none.
    rest: the question without the words that named it.
    said: those words.
    """

    span: Span | None
    rest: str
    said: str = ""


@dataclass(frozen=True)
class _Found:
    span: Span
    start: int
    end: int
    ranged: bool = False


def window(question: str, now: datetime) -> Window:
    """The time that a question names.

    now: the moment it is asked, naive local time.

    >>> window("what did I do last week?", datetime(2025, 3, 12)).span.start.date().isoformat()
    '2025-03-03'
    >>> window("3月第二周我在做什么", datetime(2025, 4, 1)).rest
    '我在做什么'
    """
    text = BETWEEN.sub(lambda match: f"{match[1]}{match[2]}{' ~ ':<{len(match[0]) - len(match[1]) - len(match[2])}}", question[:LONGEST])
    found = _alone(_found(text, now))
    if not found:
        return Window(None, question)
    first = found[0]
    span, start, end = first.span, first.start, first.end
    joined = len(found) > 1 and JOINED.fullmatch(text, end, found[1].start) is not None
    if joined or first.ranged:
        last = found[1] if joined else first
        span, end = Span(min(span.start, last.span.start), max(span.end, last.span.end)), last.end
        lead = LEADS.search(text, 0, start)
        start, end = lead.start() if lead else start, _over(TRAILS, text, _over(CLOSES, text, end))
    elif since := SINCE[0].search(text, 0, start):
        span, start = Span(span.start if since[0].lower()[0] in "sfe" else span.end, _after(now, span)), since.start()
    elif until := UNTIL[0].search(text, 0, start):
        span, start = Span(EARLIEST, span.end if until[0].lower()[:2] in ("by", "up") else span.start), until.start()
    elif after := SINCE[1].match(text, end):
        span, end = Span(span.start, _after(now, span)), after.end()
    elif before := UNTIL[1].match(text, end):
        span, end = Span(EARLIEST, span.end if before[0].strip() in ("为止", "까지") else span.start), before.end()
    else:
        lead = LEADS.search(text, 0, start)
        start, end = lead.start() if lead else start, _over(TRAILS, text, end)
    rest = re.sub(r"\s{2,}", " ", f"{question[:start]} {question[end:]}").strip(" ,，、")
    return Window(span, rest, question[start:end].strip())


def _found(text: str, now: datetime) -> Iterable[_Found]:
    for one in written(text, latest(now.date())):
        yield _Found(one.span, one.start, one.end, one.ranged)
    for pattern, span_of in RULES:
        for match in pattern.finditer(text):
            try:
                span = span_of(match, now.date())
            except (ValueError, OverflowError, KeyError):  # no such day; a letter that only counts as one of the pattern's (`laſt`)
                continue
            yield _Found(span, match.start(), match.end())


def _alone(found: Iterable[_Found]) -> list[_Found]:
    """Those that do not lie within a longer one, in the order of the text."""
    kept: list[_Found] = []
    for one in sorted(found, key=lambda one: one.start - one.end):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def _over(pattern: re.Pattern[str], text: str, end: int) -> int:
    match = pattern.match(text, end)
    return match.end() if match else end


def _after(now: datetime, span: Span) -> datetime:
    return max(datetime.combine(now.date() + timedelta(days=1), time()), span.end)
