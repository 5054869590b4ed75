"""Stretches of the calendar as spans."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from scratchlab.notebook.events import Span


def local(moment: str) -> datetime:
    """An ISO moment with its zone, as runs keep it, on the clock on the wall, as diaries do."""
    return datetime.fromisoformat(moment).astimezone().replace(tzinfo=None)


def days(first: date, last: date) -> Span:
    """From the beginning of the first day to the end of the last."""
    midnight = datetime.min.time()
    return Span(datetime.combine(first, midnight), datetime.combine(last + timedelta(days=1), midnight))


def day(one: date) -> Span:
    """A day."""
    return days(one, one)


def about(one: date) -> Span:
    """A day that is not sure: two days on either side come along."""
    return days(one - timedelta(days=2), one + timedelta(days=2))


def so_far(span: Span, now: date) -> Span:
    """What is past of it, today included."""
    return Span(span.start, min(span.end, day(now).end))


def week(one: date) -> Span:
    """The week of a day, Monday to Sunday (ISO 8601)."""
    monday = one - timedelta(days=one.weekday())
    return days(monday, monday + timedelta(days=6))


def shifted(year: int, month: int, by: int) -> tuple[int, int]:
    """The month that lies `by` months later."""
    months = year * 12 + month - 1 + by
    return months // 12, months % 12 + 1


def last_day(year: int, month: int) -> date:
    """Of a month."""
    return date(*shifted(year, month, 1), 1) - timedelta(days=1)


def moved(one: date, unit: str, count: int) -> date:
    """The day that lies `count` days, weeks, months or years later (earlier, if negative); the last of its month for want of such a day."""
    if unit in ("day", "week"):
        return one + timedelta(days=count * (7 if unit == "week" else 1))
    there = shifted(one.year, one.month, count * (12 if unit == "year" else 1))
    return date(*there, min(one.day, last_day(*there).day))


def months(year: int, month: int, count: int = 1) -> Span:
    """That month, and as many as make `count`."""
    return days(date(year, month, 1), last_day(*shifted(year, month, count - 1)))


def month(year: int, number: int) -> Span:
    """A month."""
    return months(year, number)


def year(number: int) -> Span:
    """A year."""
    return months(number, 1, 12)


def third_of_month(year: int, month: int, number: int) -> Span:
    """Its first ten days, its second ten, or the rest (1 to 3)."""
    return days(date(year, month, 10 * number - 9), date(year, month, 10 * number) if number < 3 else last_day(year, month))
