"""Rules: patterns of time expressions with the span they mean on a given day. This module has what all languages share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from scratchlab.notebook.dates import calendar
from scratchlab.notebook.dates.calendar import days, moved, shifted
from scratchlab.notebook.events import Span

Meaning = Callable[[re.Match[str], date], Span]
Counts = tuple[int, int]  # range of a number: `three` is (3, 3), `a few` is (2, 5)
FEW = (2, 5)
RECENT = 14  # length of `recently` in days
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}  # first months
SEMESTERS = (3, 9)  # first months; a semester has six months
BREAKS = {"summer": (7, 2), "winter": (12, 3)}  # between semesters: first month and number of months
DATED = ("year", "said")  # pattern groups that determine the year


@dataclass(frozen=True)
class Rule:
    """A pattern, and its meaning on a given day; for recurring times, the last one.

    again: period after which it recurs, `week`, `month` or `year`, if the match has no year; None if it does not recur.
    bare: whether it has a meaning only together with a part: `the end of the month`, but not `the month`.
    """

    pattern: re.Pattern[str]
    meaning: Meaning
    again: str | None = None
    bare: bool = False

    def comes_again(self, match: re.Match[str]) -> str | None:
        """`again`, unless the match contains a year."""
        return None if any(match.groupdict().get(name) for name in DATED) else self.again


def rule(pattern: str, meaning: Meaning, again: str | None = None, bare: bool = False) -> Rule:
    """Makes a rule from a regular expression."""
    return Rule(re.compile(pattern, re.IGNORECASE), meaning, again, bare)


def day(back: int) -> Meaning:
    """The day `back` days ago."""
    return lambda _, now: calendar.day(now - timedelta(days=back))


def week(back: int) -> Meaning:
    """The week `back` weeks ago."""
    return lambda _, now: calendar.week(now - timedelta(weeks=back))


def month(back: int) -> Meaning:
    """The month `back` months ago."""
    return lambda _, now: calendar.month(*shifted(now.year, now.month, -back))


def months_to(first: Span, last: int) -> Span:
    """From a month to the next month with number `last`."""
    return Span(first.start, calendar.month(first.start.year + (last < first.start.month), last).end)


def year(back: int) -> Meaning:
    """The year `back` years ago."""
    return lambda _, now: calendar.year(now.year - back)


def semester(back: int) -> Meaning:
    """The semester `back` semesters ago: March to August, or September to February."""

    def of(_: re.Match[str], now: date) -> Span:
        into = min((now.month - first) % 12 for first in SEMESTERS)
        return calendar.months(*shifted(now.year, now.month, -into - 6 * back), 6)

    return of


def ago(unit: str, counts: Counts, now: date) -> Span:
    """The day, week, month or year that lies a number of them back; for a vague number, all possible ones."""
    if unit == "hour":
        return days(now - timedelta(days=counts[1] // 24), now - timedelta(days=counts[0] // 24))
    meaning = {"day": day, "week": week, "month": month, "year": year}[unit]
    nothing = re.compile("").match("") or _nothing()
    return Span(meaning(counts[1])(nothing, now).start, meaning(counts[0])(nothing, now).end)


def past(unit: str, counts: Counts, now: date) -> Span:
    """The last hours, days, weeks, months or years, up to and including today."""
    count = counts[1]
    if unit == "hour":
        return days(now - timedelta(days=count // 24), now)
    return days(now - timedelta(days=count) if unit == "day" else moved(now, unit, -count), now)


def recently(_: re.Match[str], now: date) -> Span:
    """The last RECENT days, up to and including today."""
    return past("day", (RECENT, RECENT), now)


def weekday(number: int, now: date, weeks: int | None = None) -> Span:
    """The last weekday with this number (Monday = 0) before today, or the one `weeks` weeks ago."""
    if weeks is None:
        return calendar.day(now - timedelta(days=(now.weekday() - number) % 7 or 7))
    return calendar.day(now - timedelta(days=now.weekday()) + timedelta(days=number - 7 * weeks))


def numbered_day(number: int, now: date) -> Span:
    """The last day with this number in its month, possibly today."""
    for back in range(3):  # of two consecutive months, one has the day
        year, month = shifted(now.year, now.month, -back)
        if number <= calendar.last_day(year, month).day and (found := date(year, month, number)) <= now:
            return calendar.day(found)
    raise ValueError(f"no month has a day {number}")


def numbered_days(first: int, last: int, now: date) -> Span:
    """Days of a month by number; the first is the last such day up to today."""
    begins = numbered_day(first, now).start.date()
    return days(begins, begins.replace(day=last))


def weekend(weeks: int) -> Meaning:
    """The weekend `weeks` weeks ago."""

    def of(_: re.Match[str], now: date) -> Span:
        monday = now - timedelta(days=now.weekday() + 7 * weeks)
        return days(monday + timedelta(days=5), monday + timedelta(days=6))

    return of


def over(meaning: Meaning, unit: str) -> Meaning:
    """The last such time that is over: in June, `last June` is that of the year before."""

    def of(match: re.Match[str], now: date) -> Span:
        span = meaning(match, now)
        return span if span.end.date() <= now else meaning(match, moved(now, unit, -1))

    return of


def last_year_of(month: int, now: date) -> int:
    """The year in which that month last began."""
    return now.year if month <= now.month else now.year - 1


def season(name: str, now: date, year: int | None = None) -> Span:
    """The three months of a season in the northern hemisphere; winter begins in December of its year."""
    first = SEASONS[name]
    return calendar.months(year if year is not None else last_year_of(first, now), first, 3)


def between_semesters(name: str, now: date, year: int | None = None) -> Span:
    """The semester breaks: July and August; December to February."""
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
