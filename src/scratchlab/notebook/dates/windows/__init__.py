"""Finds the time expression in a question, and returns the span it means and the question without it.

A time in a question is a hard filter: an event from another week is no answer. Times without a year mean the last such time before now, for
due dates the next one. A due date is only used if the question contains no other time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scratchlab.notebook.dates.calendar import moved
from scratchlab.notebook.dates.windows.found import Named, named
from scratchlab.notebook.events import Span

BETWEEN = re.compile(r"\b(between\s+(?:the\s+)?)(.{1,30}?)\s+and\s+(?=(?:the\s+)?\w)", re.IGNORECASE)
JOINED = re.compile(
    r"\s*(?:~|～|–|—|-|to|until|till|through|and|or|至|到|和|与|跟|或者?|부터|에서|와|과|이?랑|하고|이?나|또는)\s*(?:the\s+)?",
    re.IGNORECASE,
)
SINCE = (
    re.compile(r"\b(?P<with>(?:ever\s+)?since)\s+(?:the\s+)?$|\bafter\s+(?:the\s+)?$|(?P<also>自从?)$", re.IGNORECASE),
    re.compile(
        r"\s*(?:以来|之后|以后|后(?![半来面端台续处期验悔])|起(?![草床来码点])|开始|이후|후에?(?![가-힣])|부터|뒤|이래)(?:\s*(?:지금|현재)까지|一?直?到(?:现在|今天|目前))?|"
        r"\s*(?:一直)?到(?:现在|目前)|\s+(?:on|onwards?|until\s+now|till\s+now|to\s+now)(?=\s*(?:$|[?.,;]))",
        re.IGNORECASE,
    ),
)
UNTIL = (
    re.compile(
        r"\b(?:before|until|till|(?P<with>by(?:\s+(?:eod|end\s+of\s+day))?(?:\s+on)?|up\s+to|no\s+later\s+than|due(?:\s+(?:on|by|in))?|(?:before\s+)?(?:the\s+)?deadline(?:\s+(?:of|on|is|was|in|for))?))"
        r"\s+(?:the\s+)?$|(?P<also>截至|截止到?)$",
        re.IGNORECASE,
    ),
    re.compile(r"\s*(?:之前|以前|前(?![半面端向几两三天后者沿置馈景处])|이전|전(?:까지|에)?(?![가-힣]))|\s*(?P<with>为止|截止|까지|마감)"),
)
LEADS = re.compile(r"\b(?:in|on|at|during|over|around|of|the|for|within|from|between|about)\s+(?:the\s+)?$|[在于从自到]$", re.IGNORECASE)
POSSESSIVE = re.compile(r"['’]s?(?!\w)")
TRAILS = re.compile(
    POSSESSIVE.pattern
    + r"|\s*(?:之间|期间|的时候|那天|当天|那几天|之内|以内)的?|\s*里(?![程面])|\s*(?:사이에?|동안|에는|에)(?!\w)|\s*(?:的|에)|의(?=\s)",
    re.IGNORECASE,
)
DAYTIME = re.compile(
    r"\s+(?:in\s+the\s+)?(?:early\s+|late\s+)?(?:morning|afternoon|evening|night)\b|\s*(?:早上|早晨|上午|中午|下午|晚上|夜里|凌晨|半夜|傍晚)|"
    r"\s*(?:새벽|아침|오전|점심|오후|저녁|밤)(?=에|의|\s|$)",
    re.IGNORECASE,
)
CLOSES = re.compile(r"\s*(?:까지|为止)")
LONGEST = 1000  # characters searched for a time; longer questions are pasted texts
EARLIEST = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Window:
    """The time in a question.

    span: the time, None if the question names none.
    rest: the question without the time expression.
    phrase: the time expression.
    """

    span: Span | None
    rest: str
    phrase: str = ""


@dataclass(frozen=True)
class _Expression:
    """A time expression with its surrounding prepositions; due: whether it only gives an end (a due date)."""

    span: Span
    start: int
    end: int
    due: bool = False


def window(question: str, now: datetime) -> Window:
    """Finds the time that a question names; now: the current time, naive and local.

    >>> window("what did I do last week?", datetime(2025, 3, 12)).span.start.date().isoformat()
    '2025-03-03'
    >>> window("3月第二周我在做什么", datetime(2025, 4, 1)).rest
    '我在做什么'
    """
    text = BETWEEN.sub(lambda match: f"{match[1]}{match[2]}{' ~ ':<{len(match[0]) - len(match[1]) - len(match[2])}}", question[:LONGEST])
    expressions = _expressions(text, named(text, now.date()), now.date())
    if not expressions:
        return Window(None, question)
    chosen = next((chosen for chosen in expressions if not chosen.due), expressions[0])
    rest = re.sub(r"\s{2,}", " ", f"{question[: chosen.start]} {question[chosen.end :]}").strip(" ,，、")
    return Window(chosen.span, rest, question[chosen.start : chosen.end].strip())


def _expressions(text: str, found: Sequence[Named], now: date) -> list[_Expression]:
    """The time expressions of a text; two that form a range are joined."""
    expressions: list[_Expression] = []
    remaining = list(found)
    while remaining:
        first = remaining.pop(0)
        if remaining and JOINED.fullmatch(text, first.end, remaining[0].start):
            last = remaining.pop(0)
            expressions.append(_range(text, _joined(first, last, now), first.start, last.end))
        elif first.ranged:
            expressions.append(_range(text, first.last(now), first.start, first.end))
        else:
            expressions.append(_single(text, first, now))
    return expressions


def _joined(first: Named, last: Named, now: date) -> Span:
    """The range of two times; a recurring first time is the last one before the second, a recurring second one the next after the first."""
    begins, ends = first.last(now), last.last(now)
    if last.again:
        ends = last.seen_from(moved(begins.start.date(), last.again, 1)) or ends
    elif first.again:
        begins = first.seen_from(ends.start.date()) or begins
    return Span(min(begins.start, ends.start), max(begins.end, ends.end))


def _range(text: str, span: Span, start: int, end: int) -> _Expression:
    return _Expression(span, _lead(text, start), _over(TRAILS, text, _over(CLOSES, text, end)))


def _single(text: str, time_: Named, now: date) -> _Expression:
    """A single time expression. `After Monday's meeting` includes Monday, and so does `before Monday's meeting`."""
    span, start, end = time_.last(now), time_.start, _over(POSSESSIVE, text, time_.end)
    with_it = end > time_.end
    if _days(span) == 1:
        end = _over(DAYTIME, text, end)
    if since := SINCE[0].search(text, 0, start):
        return _Expression(
            Span(span.start if since["with"] or since["also"] or with_it else span.end, _after(now, span)),
            since.start(),
            _over(SINCE[1], text, end),
        )
    if until := UNTIL[0].search(text, 0, start):
        span = time_.due(now)
        return _Expression(
            Span(EARLIEST, span.end if until["with"] or until["also"] or time_.ends or with_it else span.start), until.start(), end, True
        )
    if since := SINCE[1].match(text, end):
        return _Expression(Span(span.start, _after(now, span)), _lead(text, start), since.end())
    if until := UNTIL[1].match(text, end):
        span = time_.due(now)
        return _Expression(Span(EARLIEST, span.end if until["with"] or time_.ends else span.start), start, until.end(), True)
    return _Expression(span, _lead(text, start), _over(TRAILS, text, end))


def _lead(text: str, start: int) -> int:
    lead = LEADS.search(text, 0, start)
    return lead.start() if lead else start


def _over(pattern: re.Pattern[str], text: str, end: int) -> int:
    match = pattern.match(text, end)
    return match.end() if match else end


def _days(span: Span) -> int:
    return (span.end - span.start).days


def _after(now: date, span: Span) -> datetime:
    return max(datetime.combine(now + timedelta(days=1), time()), span.end)
