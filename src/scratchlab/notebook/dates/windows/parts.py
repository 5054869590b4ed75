"""Parts of a longer stretch: its beginning, its second half, its last two weeks, the Friday in it.

A language says how they are called; what they mean stands here. Each raises ValueError where the stretch has no such part.
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
_YEAR_BEGINS_PEAKS_ENDS = ((1, 3), (5, 4), (10, 3))  # of a year: first month and number of months


@dataclass(frozen=True)
class Part:
    """What is said beside a stretch of time, and what it makes of it.

    ends: whether it reaches to the end of the stretch, as far as what matched tells: `before the end of May` has all of May.
    """

    pattern: re.Pattern[str]
    meaning: PartMeaning

    def ends(self, match: re.Match[str]) -> bool:
        return (match.groupdict().get("third") or "").lower() in _ENDS


_ENDS = ("late", "end", "底", "末", "下旬", "말", "하순")


def before(pattern: str, meaning: PartMeaning) -> Part:
    """A part that is said before what it is part of."""
    return Part(re.compile(rf"(?<!\w)(?:the\s+)?{pattern}\s*(?:the\s+)?$", re.IGNORECASE), meaning)


def after(pattern: str, meaning: PartMeaning) -> Part:
    """A part that is said after what it is part of."""
    return Part(re.compile(pattern, re.IGNORECASE), meaning)


def first_day(span: Span) -> date:
    """Of a span."""
    return span.start.date()


def last_day(span: Span) -> date:
    """Of a span, the last within it."""
    return (span.end - timedelta(microseconds=1)).date()


def whole(span: Span) -> Span:
    """What has no parts here: a day; raises ValueError for anything longer."""
    if _length(span) != 1:
        raise ValueError(f"{span.days} is no day")
    return span


def third(span: Span, number: int) -> Span:
    """The beginning (1), middle (2) or end (3).

    Of a month ten days; of a week Monday and Tuesday, Wednesday and Thursday, or the rest; of a year its first three months, May to
    August, or its last three; of a season, half a year or a semester a third of its months.
    """
    first, count = first_day(span), _months(span)
    if count == 1:
        return calendar.third_of_month(first.year, first.month, number)
    if count == 12:
        begins, long = _YEAR_BEGINS_PEAKS_ENDS[number - 1]
        return calendar.months(first.year, begins, long)
    if count and count % 3 == 0:
        return calendar.months(*shifted(first.year, first.month, (number - 1) * count // 3), count // 3)
    if _length(span) == 7:
        return days(first + timedelta(days=2 * (number - 1)), last_day(span) if number == 3 else first + timedelta(days=2 * number - 1))
    raise ValueError(f"{span.days} has no beginning, middle and end")


def half(span: Span, number: int) -> Span:
    """The first or second half: of a month to and from its 15th, of a week to and from its Wednesday, else of its months or days."""
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
    """The first (1) to fifth seven days of something longer; -1 is the last seven."""
    return _within(span, 7 * (number - 1), 7) if number > 0 else ends(span, "week", 1, -1)


def ends(span: Span, unit: str, count: int, which: int) -> Span:
    """The first (1) or last (-1) so many days, weeks or months."""
    if unit in ("month", "year"):
        long = count * (12 if unit == "year" else 1)
        if long >= (whole_months := _months(span)):
            raise ValueError(f"{span.days} has no {long} months")
        first = first_day(span)
        return calendar.months(*shifted(first.year, first.month, 0 if which == 1 else whole_months - long), long)
    long = count * (7 if unit == "week" else 1)
    return _within(span, 0 if which == 1 else _length(span) - long, long)


def weekday(span: Span, number: int, which: int = 1) -> Span:
    """The first, second … or last (-1) day of that name, by its number from Monday, 0; of a week there is one."""
    first, last = first_day(span), last_day(span)
    if which > 0:
        one = first + timedelta(days=(number - first.weekday()) % 7 + 7 * (which - 1))
    else:
        one = last - timedelta(days=(last.weekday() - number) % 7)
    if not first <= one <= last or _length(span) < 7:
        raise ValueError(f"{span.days} has no such day")
    return calendar.day(one)


def only_weekday(span: Span, number: int) -> Span:
    """The day of that name in a week."""
    if _length(span) != 7:
        raise ValueError(f"{span.days} is no week")
    return weekday(span, number)


def weekend(span: Span, which: int) -> Span:
    """The first, second … or last (-1) Saturday, with its Sunday."""
    saturday = first_day(weekday(span, 5, which))
    return days(saturday, saturday + timedelta(days=1))


def numbered_days(span: Span, first: int, last: int | None = None) -> Span:
    """Days of a month by their numbers."""
    if _months(span) != 1:
        raise ValueError(f"{span.days} is no month")
    begins = first_day(span)
    return days(begins.replace(day=first), begins.replace(day=first if last is None else last))


def named_month(span: Span, number: int) -> Span:
    """A month of a year."""
    if _months(span) != 12:
        raise ValueError(f"{span.days} is no year")
    return calendar.month(first_day(span).year, number)


def adjoining(span: Span, unit: str, count: int, after: bool) -> Span:
    """So many days, weeks, months or years that end where it begins, or begin where it ends."""
    if after:
        return Span(span.end, calendar.day(calendar.moved(span.end.date(), unit, count)).start)
    return Span(calendar.day(calendar.moved(first_day(span), unit, -count)).start, span.start)


def away(span: Span, unit: str, counts: tuple[int, int], after: bool) -> Span:
    """The day so many days, weeks, months or years before its first or after its last; of an unsure number all that it may mean."""
    least, most = counts
    if after:
        return days(calendar.moved(last_day(span), unit, least), calendar.moved(last_day(span), unit, most))
    return days(calendar.moved(first_day(span), unit, -most), calendar.moved(first_day(span), unit, -least))


def weekend_around(span: Span) -> Span:
    """The weekend of the week that a day lies in."""
    return weekend(week_around(span), 1)


def week_around(span: Span) -> Span:
    """The week that a day lies in."""
    return calendar.week(first_day(whole(span)))


def _within(span: Span, skipped: int, long: int) -> Span:
    """So many days after so many skipped, as far as the stretch goes."""
    if skipped < 0 or skipped >= _length(span) or long >= _length(span) or long < 1:
        raise ValueError(f"{span.days} has no such part")
    first = first_day(span) + timedelta(days=skipped)
    return days(first, min(first + timedelta(days=long - 1), last_day(span)))


def _length(span: Span) -> int:
    return (span.end - span.start).days


def _months(span: Span) -> int:
    """How many whole months it is, 0 if it is not."""
    if span.start.day != 1 or span.end.day != 1:
        return 0
    return (span.end.year - span.start.year) * 12 + span.end.month - span.start.month
