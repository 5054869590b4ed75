"""Parts of a longer time: its beginning, second half, last two weeks, the Friday in it.

The languages define how parts are expressed; this module defines their meaning. The functions raise ValueError if there is no such part.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from scratchlab.notebook.dates import calendar
from scratchlab.notebook.dates.calendar import days, shifted
from scratchlab.notebook.events import Span

PartMeaning = Callable[[re.Match[str], Span], Span]
_YEAR_BEGINS_PEAKS_ENDS = ((1, 3), (5, 4), (10, 3))  # beginning, middle and end of a year: first month and number of months


@dataclass(frozen=True)
class Part:
    """An expression beside a time that selects a part of it, and its meaning.

    ends: whether the part extends to the end of the time: `before the end of May` includes all of May.
    """

    pattern: re.Pattern[str]
    meaning: PartMeaning

    def ends(self, match: re.Match[str]) -> bool:
        return (match.groupdict().get("third") or "").lower() in _ENDS


_ENDS = ("late", "end", "底", "末", "下旬", "말", "하순")


def before(pattern: str, meaning: PartMeaning) -> Part:
    """A part whose expression precedes the time."""
    return Part(re.compile(rf"(?<!\w)(?:the\s+)?{pattern}\s*(?:the\s+)?$", re.IGNORECASE), meaning)


def after(pattern: str, meaning: PartMeaning) -> Part:
    """A part whose expression follows the time."""
    return Part(re.compile(pattern, re.IGNORECASE), meaning)


def first_day(span: Span) -> date:
    """The first day of a span."""
    return span.start.date()


def last_day(span: Span) -> date:
    """The last day within a span."""
    return (span.end - timedelta(microseconds=1)).date()


def whole(span: Span) -> Span:
    """The span itself if it is one day; else raises ValueError."""
    if _length(span) != 1:
        raise ValueError(f"{span.days} is not a day")
    return span


def third(span: Span, number: int) -> Span:
    """The beginning (1), middle (2) or end (3) of a span.

    Month: ten days each; week: Monday and Tuesday, Wednesday and Thursday, or the rest; year: the first three months, May to August, or the
    last three; season, half-year or semester: a third of its months.
    """
    first, count = first_day(span), _months(span)
    if count == 1:
        return calendar.third_of_month(first.year, first.month, number)
    if count == 12:
        begins, n_months = _YEAR_BEGINS_PEAKS_ENDS[number - 1]
        return calendar.months(first.year, begins, n_months)
    if count and count % 3 == 0:
        return calendar.months(*shifted(first.year, first.month, (number - 1) * count // 3), count // 3)
    if _length(span) == 7:
        return days(first + timedelta(days=2 * (number - 1)), last_day(span) if number == 3 else first + timedelta(days=2 * number - 1))
    raise ValueError(f"{span.days} has no beginning, middle and end")


def half(span: Span, number: int) -> Span:
    """The first or second half: split after the 15th of a month, the Wednesday of a week, else in the middle of its months or days."""
    first, last, count = first_day(span), last_day(span), _months(span)
    if _length(span) < 7:
        raise ValueError(f"{span.days} is too short for halves")
    if count == 1:
        middle = first.replace(day=16)
    elif count % 2 == 0 and count:
        middle = date(*shifted(first.year, first.month, count // 2), 1)
    else:
        middle = first + timedelta(days=_length(span) // 2)
    return days(first, middle - timedelta(days=1)) if number == 1 else days(middle, last)


def nth_week(span: Span, number: int) -> Span:
    """The first (1) to fifth seven days of a longer span; -1: the last seven."""
    return _within(span, 7 * (number - 1), 7) if number > 0 else ends(span, "week", 1, -1)


def ends(span: Span, unit: str, count: int, which: int) -> Span:
    """The first (1) or last (-1) `count` days, weeks, months or years."""
    if unit in ("month", "year"):
        length = count * (12 if unit == "year" else 1)
        if length >= (whole_months := _months(span)):
            raise ValueError(f"{span.days} has no {length} months")
        first = first_day(span)
        return calendar.months(*shifted(first.year, first.month, 0 if which == 1 else whole_months - length), length)
    length = count * (7 if unit == "week" else 1)
    return _within(span, 0 if which == 1 else _length(span) - length, length)


def weekday(span: Span, number: int, which: int = 1) -> Span:
    """The first, second … or last (-1) weekday with this number (Monday = 0) in a span of at least a week."""
    first, last = first_day(span), last_day(span)
    if which > 0:
        found = first + timedelta(days=(number - first.weekday()) % 7 + 7 * (which - 1))
    else:
        found = last - timedelta(days=(last.weekday() - number) % 7)
    if not first <= found <= last or _length(span) < 7:
        raise ValueError(f"{span.days} has no such day")
    return calendar.day(found)


def only_weekday(span: Span, number: int) -> Span:
    """The weekday with this number in a week."""
    if _length(span) != 7:
        raise ValueError(f"{span.days} is not a week")
    return weekday(span, number)


def weekend(span: Span, which: int) -> Span:
    """The first, second … or last (-1) weekend, by its Saturday."""
    saturday = first_day(weekday(span, 5, which))
    return days(saturday, saturday + timedelta(days=1))


def numbered_days(span: Span, first: int, last: int | None = None) -> Span:
    """Days of a month by number."""
    if _months(span) != 1:
        raise ValueError(f"{span.days} is not a month")
    begins = first_day(span)
    return days(begins.replace(day=first), begins.replace(day=first if last is None else last))


def named_month(span: Span, number: int) -> Span:
    """A month of a year."""
    if _months(span) != 12:
        raise ValueError(f"{span.days} is not a year")
    return calendar.month(first_day(span).year, number)


def adjoining(span: Span, unit: str, count: int, after: bool) -> Span:
    """The `count` days, weeks, months or years directly before or after a span."""
    if after:
        return Span(span.end, calendar.day(calendar.moved(span.end.date(), unit, count)).start)
    return Span(calendar.day(calendar.moved(first_day(span), unit, -count)).start, span.start)


def away(span: Span, unit: str, counts: tuple[int, int], after: bool) -> Span:
    """The day that lies a number of days, weeks, months or years before or after a span; for a vague number, all possible days."""
    fewest, most = counts
    if after:
        return days(calendar.moved(last_day(span), unit, fewest), calendar.moved(last_day(span), unit, most))
    return days(calendar.moved(first_day(span), unit, -most), calendar.moved(first_day(span), unit, -fewest))


def weekend_around(span: Span) -> Span:
    """The weekend of the week that contains a day."""
    return weekend(week_around(span), 1)


def week_around(span: Span) -> Span:
    """The week that contains a day."""
    return calendar.week(first_day(whole(span)))


def _within(span: Span, skipped: int, length: int) -> Span:
    """`long` days after the first `skipped` ones, clipped to the span."""
    if skipped < 0 or skipped >= _length(span) or length >= _length(span) or length < 1:
        raise ValueError(f"{span.days} has no such part")
    first = first_day(span) + timedelta(days=skipped)
    return days(first, min(first + timedelta(days=length - 1), last_day(span)))


def _length(span: Span) -> int:
    return (span.end - span.start).days


def _months(span: Span) -> int:
    """The number of months if it consists of whole months, else 0."""
    if span.start.day != 1 or span.end.day != 1:
        return 0
    return (span.end.year - span.start.year) * 12 + span.end.month - span.start.month
