"""A rule: what is said, and the span it means on a given day. What the languages share stands here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from scratchlab.notebook.dates import calendar
from scratchlab.notebook.dates.calendar import days, shifted
from scratchlab.notebook.events import Span

Meaning = Callable[[re.Match[str], date], Span]
Rule = tuple[re.Pattern[str], Meaning]
RECENT = 14  # days that `recently` reaches back
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}  # the month each begins with


def rule(pattern: str, meaning: Meaning) -> Rule:
    """A rule from its pattern's text."""
    return re.compile(pattern, re.IGNORECASE), meaning


def day(back: int) -> Meaning:
    """So many days ago."""
    return lambda _, now: calendar.day(now - timedelta(days=back))


def week(back: int) -> Meaning:
    """So many weeks ago."""
    return lambda _, now: calendar.week(now - timedelta(weeks=back))


def month(back: int) -> Meaning:
    """So many months ago."""
    return lambda _, now: calendar.month(*shifted(now.year, now.month, -back))


def year(back: int) -> Meaning:
    """So many years ago."""
    return lambda _, now: calendar.year(now.year - back)


def ago(unit: str, count: int, now: date) -> Span:
    """The day, week, month or year that lies `count` of them back."""
    meaning = {"day": day, "week": week, "month": month, "year": year}[unit](count)
    return meaning(re.match("", "") or _nothing(), now)


def past(unit: str, count: int, now: date) -> Span:
    """The last `count` days, weeks, months or years, up to and with today."""
    if unit in ("day", "week"):
        return days(now - timedelta(days=count * (7 if unit == "week" else 1)), now)
    back = shifted(now.year, now.month, -count * (12 if unit == "year" else 1))
    return days(date(*back, min(now.day, calendar.last_day(*back).day)), now)


def weekday(number: int, now: date, weeks: int | None = None) -> Span:
    """A day of the week by its number from Monday, 0: the last one before today, or that of so many weeks ago."""
    if weeks is None:
        return calendar.day(now - timedelta(days=(now.weekday() - number) % 7 or 7))
    return calendar.day(now - timedelta(days=now.weekday()) + timedelta(days=number - 7 * weeks))


def weekend(weeks: int) -> Meaning:
    """Saturday and Sunday of so many weeks ago."""

    def of(_: re.Match[str], now: date) -> Span:
        monday = now - timedelta(days=now.weekday() + 7 * weeks)
        return days(monday + timedelta(days=5), monday + timedelta(days=6))

    return of


def last_year_of(month: int, now: date) -> int:
    """The year in which that month was last begun."""
    return now.year if month <= now.month else now.year - 1


def season(name: str, now: date, year: int | None = None) -> Span:
    """Three months, as the northern half of the world counts; winter begins in December of its year."""
    first = SEASONS[name]
    return calendar.months(year if year is not None else last_year_of(first, now), first, 3)


def half(number: int, now: date, year: int | None = None) -> Span:
    """The first or second half of a year."""
    first = 1 if number == 1 else 7
    return calendar.months(year if year is not None else last_year_of(first, now), first, 6)


def quarter(number: int, now: date, year: int | None = None) -> Span:
    """A quarter of a year."""
    first = 3 * number - 2
    return calendar.months(year if year is not None else last_year_of(first, now), first, 3)


def _nothing() -> re.Match[str]:
    raise AssertionError("an empty pattern matches an empty text")
