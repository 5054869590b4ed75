"""A rule: what is said, and the span it means on a given day. What the languages share stands here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from scratchlab.notebook.dates import calendar
from scratchlab.notebook.dates.calendar import days, moved, shifted
from scratchlab.notebook.events import Span

Meaning = Callable[[re.Match[str], date], Span]
Counts = tuple[int, int]  # the least and the most that a number may mean: `three` is (3, 3), `a few` is (2, 5)
FEW = (2, 5)
RECENT = 14  # days that `recently` reaches back
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}  # the month each begins with
SEMESTERS = (3, 9)  # the months in which one begins; each is half a year
BREAKS = {"summer": (7, 2), "winter": (12, 3)}  # between semesters: first month and number of months
DATED = ("year", "said")  # groups of a pattern that fix the year


@dataclass(frozen=True)
class Rule:
    """What is said, and what it means as seen from a day: the last such time, for what comes again.

    again: after how long it comes again, `week`, `month` or `year`, if the match has no year; None for what happens once.
    bare: whether it is a time only together with one of its parts: `the end of the month`, but not `the month`.
    """

    pattern: re.Pattern[str]
    meaning: Meaning
    again: str | None = None
    bare: bool = False

    def comes_again(self, match: re.Match[str]) -> str | None:
        """`again`, for what was said."""
        return None if any(match.groupdict().get(name) for name in DATED) else self.again


def rule(pattern: str, meaning: Meaning, again: str | None = None, bare: bool = False) -> Rule:
    """A rule from its pattern's text."""
    return Rule(re.compile(pattern, re.IGNORECASE), meaning, again, bare)


def day(back: int) -> Meaning:
    """So many days ago."""
    return lambda _, now: calendar.day(now - timedelta(days=back))


def week(back: int) -> Meaning:
    """So many weeks ago."""
    return lambda _, now: calendar.week(now - timedelta(weeks=back))


def month(back: int) -> Meaning:
    """So many months ago."""
    return lambda _, now: calendar.month(*shifted(now.year, now.month, -back))


def months_to(first: Span, last: int) -> Span:
    """From a month to the next of that number."""
    return Span(first.start, calendar.month(first.start.year + (last < first.start.month), last).end)


def year(back: int) -> Meaning:
    """So many years ago."""
    return lambda _, now: calendar.year(now.year - back)


def semester(back: int) -> Meaning:
    """So many semesters ago: from March to August, or from September to February."""

    def of(_: re.Match[str], now: date) -> Span:
        into = min((now.month - first) % 12 for first in SEMESTERS)
        return calendar.months(*shifted(now.year, now.month, -into - 6 * back), 6)

    return of


def ago(unit: str, counts: Counts, now: date) -> Span:
    """The day, week, month or year that lies so many of them back; of a number that is not sure, all that it may mean."""
    if unit == "hour":
        return days(now - timedelta(days=counts[1] // 24), now - timedelta(days=counts[0] // 24))
    meaning = {"day": day, "week": week, "month": month, "year": year}[unit]
    nothing = re.compile("").match("") or _nothing()
    return Span(meaning(counts[1])(nothing, now).start, meaning(counts[0])(nothing, now).end)


def past(unit: str, counts: Counts, now: date) -> Span:
    """The last so many hours, days, weeks, months or years, up to and with today."""
    count = counts[1]
    if unit == "hour":
        return days(now - timedelta(days=count // 24), now)
    return days(now - timedelta(days=count) if unit == "day" else moved(now, unit, -count), now)


def recently(_: re.Match[str], now: date) -> Span:
    """Some days that are not counted, up to and with today."""
    return past("day", (RECENT, RECENT), now)


def weekday(number: int, now: date, weeks: int | None = None) -> Span:
    """A day of the week by its number from Monday, 0: the last one before today, or that of so many weeks ago."""
    if weeks is None:
        return calendar.day(now - timedelta(days=(now.weekday() - number) % 7 or 7))
    return calendar.day(now - timedelta(days=now.weekday()) + timedelta(days=number - 7 * weeks))


def numbered_day(number: int, now: date) -> Span:
    """A day of the month by its number: the last one, which today may be."""
    for back in range(3):  # two months that follow one another never both lack a day
        year, month = shifted(now.year, now.month, -back)
        if number <= calendar.last_day(year, month).day and (one := date(year, month, number)) <= now:
            return calendar.day(one)
    raise ValueError(f"no month has a day {number}")


def numbered_days(first: int, last: int, now: date) -> Span:
    """Days of the month by their numbers, of which the first has come."""
    begins = numbered_day(first, now).start.date()
    return days(begins, begins.replace(day=last))


def weekend(weeks: int) -> Meaning:
    """Saturday and Sunday of so many weeks ago."""

    def of(_: re.Match[str], now: date) -> Span:
        monday = now - timedelta(days=now.weekday() + 7 * weeks)
        return days(monday + timedelta(days=5), monday + timedelta(days=6))

    return of


def over(meaning: Meaning, unit: str) -> Meaning:
    """The last such time that is over: in June `last June` is that of the year before."""

    def of(match: re.Match[str], now: date) -> Span:
        span = meaning(match, now)
        return span if span.end.date() <= now else meaning(match, moved(now, unit, -1))

    return of


def last_year_of(month: int, now: date) -> int:
    """The year in which that month was last begun."""
    return now.year if month <= now.month else now.year - 1


def season(name: str, now: date, year: int | None = None) -> Span:
    """Three months, as the northern half of the world counts; winter begins in December of its year."""
    first = SEASONS[name]
    return calendar.months(year if year is not None else last_year_of(first, now), first, 3)


def between_semesters(name: str, now: date, year: int | None = None) -> Span:
    """The long holidays: July and August; December to February."""
    first, count = BREAKS[name]
    return calendar.months(year if year is not None else last_year_of(first, now), first, count)


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
