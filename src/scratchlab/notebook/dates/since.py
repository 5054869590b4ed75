"""Time expressions as values of options: those of questions, and `12h`, `3d`, `2w`, `2026-03-09 14:30`."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from scratchlab.checks import Problem, nearest
from scratchlab.notebook.dates import calendar
from scratchlab.notebook.dates.windows import chinese, english_words, korean, window
from scratchlab.notebook.events import Span

_HOURS = {"h": 1, "d": 24, "w": 168}
_REACHES = re.compile(r"(\d+)\s*([hdw])", re.IGNORECASE)
_MINUTE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T\s]+(\d{1,2}):(\d{2})", re.IGNORECASE)
_WEEKDAY = re.compile(
    r"(?P<english>mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?|(?:周|星期|礼拜)(?P<chinese>[一二三四五六日天])|(?P<korean>[월화수목금토일])요일",
    re.IGNORECASE,
)

WORDS = ("today", "yesterday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "last week", "last month")
ACCEPTED = (
    "today, yesterday, monday … sunday, this week, last week, last month, 3 days ago, march, 12h, 3d, 2w, 2026-03, 2026-03-09, "
    "2026-03-09 14:30; 昨天, 周一, 上周, 三天前; 어제, 월요일, 지난주, 3일 전"
)


def span(words: str, now: datetime) -> Span:
    """The span that the words mean, in local time; a number of hours, days or weeks extends up to now.

    A weekday is the last one, possibly today. Raises Problem listing the accepted forms.

    >>> span("last week", datetime(2026, 3, 12, 15)).start, span("3d", datetime(2026, 3, 12, 15)).start
    (datetime.datetime(2026, 3, 2, 0, 0), datetime.datetime(2026, 3, 9, 15, 0))
    """
    text = words.strip()
    try:
        if found := _REACHES.fullmatch(text):
            return Span(now - timedelta(hours=int(found[1]) * _HOURS[found[2].lower()]), now)
        if found := _MINUTE.fullmatch(text):
            year, month, day, hour, minute = map(int, found.groups())
            start = datetime(year, month, day, hour, minute)
            return Span(start, start + timedelta(minutes=1))
    except (ValueError, OverflowError) as error:
        raise Problem(f"'{words}' is not a valid date: {error}") from None
    if found := _WEEKDAY.fullmatch(text):
        return calendar.day(now.date() - timedelta(days=(now.weekday() - _number(found)) % 7))
    named = window(text, now) if text else None
    named = window(f"in {text}", now) if named and named.span is None else named
    if named is None or named.span is None or named.rest:
        raise Problem(f"'{words}' is not a known time expression.{nearest(text.lower(), WORDS)} Accepted are: {ACCEPTED}")
    return named.span


def day(words: str, now: datetime) -> date:
    """The day that the words mean, up to today. Raises Problem for longer or future times and unknown expressions.

    >>> day("last friday", datetime(2026, 3, 12, 15))
    datetime.date(2026, 3, 6)
    """
    found = span(words, now)
    first, last = found.start.date(), (found.end - timedelta(microseconds=1)).date()
    if first != last:
        raise Problem(f"'{words}' is not one day but {found.days}; name one day, as in {first}.")
    if first > now.date():
        raise Problem(f"{first} is in the future; today is {now.date()}.")
    return first


def _number(weekday: re.Match[str]) -> int:
    if weekday["english"]:
        return english_words.WEEKDAYS.index(weekday["english"].lower())
    return chinese.WEEKDAYS[weekday["chinese"]] if weekday["chinese"] else korean.WEEKDAYS.index(weekday["korean"])
