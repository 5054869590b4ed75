"""Calendar periods as spans."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from scratchlab.notebook.events import Span


def local(moment: str) -> datetime:
    """Converts an ISO time with time zone, as stored by runs, to naive local time, as in diaries."""
    return datetime.fromisoformat(moment).astimezone().replace(tzinfo=None)


def days(first: date, last: date) -> Span:
    """The span from the start of the first day to the end of the last."""
    midnight = datetime.min.time()
    return Span(datetime.combine(first, midnight), datetime.combine(last + timedelta(days=1), midnight))


def day(date_: date) -> Span:
    """The span of a day."""
    return days(date_, date_)


def about(date_: date) -> Span:
    """The span of an uncertain day: from two days before to two days after."""
    return days(date_ - timedelta(days=2), date_ + timedelta(days=2))


def so_far(span: Span, now: date) -> Span:
    """The part of a span up to the end of today."""
    return Span(span.start, min(span.end, day(now).end))


def week(date_: date) -> Span:
    """The week that contains a day, Monday to Sunday (ISO 8601)."""
    monday = date_ - timedelta(days=date_.weekday())
    return days(monday, monday + timedelta(days=6))


def shifted(year: int, month: int, by: int) -> tuple[int, int]:
    """The (year, month) `by` months later."""
    months = year * 12 + month - 1 + by
    return months // 12, months % 12 + 1


def last_day(year: int, month: int) -> date:
    """The last day of a month."""
    return date(*shifted(year, month, 1), 1) - timedelta(days=1)


def moved(date_: date, unit: str, count: int) -> date:
    """The day `count` days, weeks, months or years later (negative: earlier), clipped to the last day of the month."""
    if unit in ("day", "week"):
        return date_ + timedelta(days=count * (7 if unit == "week" else 1))
    target = shifted(date_.year, date_.month, count * (12 if unit == "year" else 1))
    return date(*target, min(date_.day, last_day(*target).day))


def months(year: int, month: int, count: int = 1) -> Span:
    """The span of `count` months from that month on."""
    return days(date(year, month, 1), last_day(*shifted(year, month, count - 1)))


def month(year: int, number: int) -> Span:
    """The span of a month."""
    return months(year, number)


def year(number: int) -> Span:
    """The span of a year."""
    return months(number, 1, 12)


def third_of_month(year: int, month: int, number: int) -> Span:
    """The first ten days of a month (1), the next ten (2), or the rest (3)."""
    return days(date(year, month, 10 * number - 9), date(year, month, 10 * number) if number < 3 else last_day(year, month))
