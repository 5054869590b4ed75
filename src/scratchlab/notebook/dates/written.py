"""Dates as written in headings, file names and at the start of lines.

    2025-03-08  2025/04/07  2025.1.9  20250308  2022-04-XX  2025-03
    March 9, 2025   9 Mar 2025   March 2025   2025年4月7日   4月7日   2025년 4월 7일
    2025-03-10 ~ 03-14   3月10日-14日   March 10–14, 2025   10 to 14 March

and, at the start of a line, `03-09` and `3/9`. A missing year is chosen so that the date is nearest to a known date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from scratchlab.notebook.dates import calendar
from scratchlab.notebook.events import Span

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (  # the name of a month
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_Y, _M, _D = r"(?P<y>(?:19|20)\d\d)", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})"
_NAME = rf"(?P<name>{MONTH})\b\.?"
_TO = r"\s*(?:~|～|〜|–|—|-|to|until|through|至|到|부터|에서)\s*"
_ORDINAL = r"(?:st|nd|rd|th)?\b"
NO_MONTH = r"(?!드컵|요일|급|세|간|식|球|亮)"  # characters that make 月 or 월 part of another word

SINGLE = (
    rf"{_Y}(?P<sep>[-/._]){_M}(?P=sep){_D}(?!\d)",
    rf"{_Y}[-/.]{_M}[-/.]xx\b",
    r"(?P<y>20\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)(?!\d)",
    rf"{_Y}\s*[年년]\s*{_M}\s*[月월](?:\s*{_D}\s*[日号號일])?",
    rf"{_M}\s*[月월]{NO_MONTH}(?!\s*\d+\s*[~～\-–]?\s*\d*\s*[年])(?:\s*{_D}\s*[日号號일])?",
    rf"{_NAME}\s+{_D}{_ORDINAL}(?!:)(?:,?\s+{_Y})?",
    rf"{_D}(?!\s(?-i:may)\s[a-z]){_ORDINAL}\s+(?:of\s+)?{_NAME}(?:,?\s+{_Y})?",
    rf"{_NAME},?\s+{_Y}",
    rf"{_Y}[-/.](?P<m>0[1-9]|1[0-2]|[1-9])(?![\d\-/.])",
)
_OF_MONTH = rf"(?!\s(?-i:may)\s[a-z]){_ORDINAL}\s+(?:of\s+)?{MONTH}\b"
LEADING = (
    rf"(?P<m>0\d|1[0-2])(?P<sep>[-.])(?P<d>[0-3]\d)(?![\d\-./]|:\d|(?<=-\d\d){_OF_MONTH})",  # not the 10-14 of `10-14 March`
    r"(?P<m>1[0-2]|0?[1-9])/(?P<d>[0-3]?\d)(?![\d/%]|\s+(?:of|tests?|done|passed|failed)\b)",
)
REST = (  # abbreviated ends of ranges
    r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?![\d\-/.])",
    rf"{_M}\s*[月월]\s*{_D}\s*[日号號일]",
    rf"{_D}\s*[日号號일]",
    rf"{_D}{_ORDINAL}(?![\d:%./])(?:,?\s+(?P<y>(?:19|20)\d\d))?",
)
BEFORE = rf"(?P<first>\d{{1,2}}){_ORDINAL}{_TO}(?=\d{{1,2}}{_ORDINAL}\s+(?:of\s+)?{MONTH})"  # the 10 of `10–14 March`


_START = rf"(?<![\w.])(?:(?<!\d[-/:])|(?<=\d-)(?=\d{{1,2}}{_ORDINAL}\s+(?:of\s+)?{MONTH}\b))"  # the 14 of `10-14 March` begins a date


def _any(patterns: tuple[str, ...], start: str = _START) -> re.Pattern[str]:
    """Joins patterns into one; numbers are appended to the names of their groups."""
    numbered = [re.sub(r"\?P(<|=)(\w+)", rf"?P\g<1>\g<2>{i}", pattern) for i, pattern in enumerate(patterns)]
    return re.compile(start + "(?:" + "|".join(numbered) + ")", re.IGNORECASE)


_SINGLE, _LEADING, _REST = _any(SINGLE), _any(LEADING, ""), _any(REST, "")
_SIGN, _BEFORE = re.compile(_TO, re.IGNORECASE), re.compile(r"(?<![\w.\-/])" + BEFORE, re.IGNORECASE)
_HINT = re.compile(rf"\d[-/._年년月월日]|(?:19|20)\d{{6}}|{MONTH}", re.IGNORECASE)
_MARKUP = re.compile(r"[\s#>*_\[\]()（）【】「」\"'`=~+-]*(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]?\s+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Parts:
    """The parts of a date; None if not written."""

    year: int | None
    month: int | None
    day: int | None


@dataclass(frozen=True)
class Written:
    """A date or range of dates at `text[start:end]`.

    ranged: whether it is a range.
    month: whether it is a month without a day.
    yearless: whether it has no year.
    """

    span: Span
    start: int
    end: int
    ranged: bool = False
    month: bool = False
    yearless: bool = False


Year = Callable[[int, int | None], int]  # function from month and day to the missing year


def nearest(near: date | None) -> Year:
    """Chooses the year that brings a date nearest to `near` (default: today)."""
    known = near or date.today()

    def of(month: int, day: int | None) -> int:
        return min((known.year - 1, known.year, known.year + 1), key=lambda year: abs((_capped(year, month, day or 15) - known).days))

    return of


def latest(now: date) -> Year:
    """Chooses the year that makes a date the last one up to `now`."""
    return lambda month, day: now.year if (month, day or 1) <= (now.month, now.day) else now.year - 1


def written(text: str, year: Year, leading: bool = False) -> list[Written]:
    """The dates in a text, in order.

    year: chooses the year of dates without one.
    leading: whether the text may begin with a bare `03-09` or `3/9`, as headings, lines and file names do.

    >>> [str(one.span.start.date()) for one in written("2025.1.9 and 3月10日", nearest(date(2025, 4, 1)))]
    ['2025-01-09', '2025-03-10']
    """
    return list(_written(text, year, leading)) if leading or _HINT.search(text) else []


def beginning(text: str, year: Year) -> Written | None:
    """The date that a text begins with, ignoring markup and a weekday; None if it does not begin with one."""
    first = next(_written(text, year, True), None)
    begins = _MARKUP.match(text)
    return first if first and begins and first.start <= begins.end() else None


def _written(text: str, year: Year, leading: bool) -> Iterator[Written]:
    at = 0
    while match := _next(text, at, leading):
        start, end, first = match.start(), match.end(), _parts(match)
        last, only = None, (first, start)
        if before := _before(text, at, start):
            start, first, last = before.start(), Parts(first.year, first.month, int(before["first"])), first
        elif first.day and (sign := _SIGN.match(text, end)) and (rest := _SINGLE.match(text, sign.end()) or _REST.match(text, sign.end())):
            last, end = _parts(rest), rest.end()
        span = _span(first, last, year)
        if span is None and last is not None:
            (first, start), last, end = only, None, match.end()
            span = _span(first, None, year)
        if span is not None:
            yield Written(span, start, end, last is not None, first.day is None, not any(part and part.year for part in (first, last)))
        at = end


def _next(text: str, at: int, leading: bool) -> re.Match[str] | None:
    if leading and at == 0:
        begins = _MARKUP.match(text)
        if begins and not _SINGLE.match(text, begins.end()) and (bare := _LEADING.match(text, begins.end())):
            return bare
    return _SINGLE.search(text, at)


def _before(text: str, at: int, start: int) -> re.Match[str] | None:
    found = _BEFORE.search(text, max(at, start - 12), start + 2)
    found = _BEFORE.search(text, max(at, start - 12), start + 40) if found is None else found  # followed by a day and the name of a month
    return found if found and found.end() == start else None


def _parts(match: re.Match[str]) -> Parts:
    groups = {re.sub(r"\d+$", "", name): value for name, value in match.groupdict().items() if value is not None}
    month = MONTHS.index(groups["name"][:3].lower()) + 1 if "name" in groups else int(groups["m"]) if "m" in groups else None
    return Parts(int(groups["y"]) if "y" in groups else None, month, int(groups["d"]) if "d" in groups else None)


def _span(first: Parts, last: Parts | None, year: Year) -> Span | None:
    """The span of a date or range; None if it is invalid."""
    try:
        if last is None:
            return _whole(first, year)
        month = last.month or first.month
        if month is None or first.month is None:
            return None
        known = first.year or last.year
        begins = _whole(Parts(known or year(first.month, first.day), first.month, first.day), year)
        ends = _whole(Parts(last.year or begins.start.year, month, last.day), year)
        if ends.end <= begins.start and last.year is None and month != first.month:  # across the turn of the year
            ends = _whole(Parts(begins.start.year + 1, month, last.day), year)
        return Span(begins.start, ends.end) if ends.end > begins.start else None
    except ValueError:
        return None


def _whole(parts: Parts, year: Year) -> Span:
    if parts.month is None:
        raise ValueError("a date without a month")
    known = parts.year or year(parts.month, parts.day)
    return calendar.day(date(known, parts.month, parts.day)) if parts.day else calendar.month(known, parts.month)


def _capped(year: int, month: int, day: int) -> date:
    return date(year, min(max(month, 1), 12), min(max(day, 1), 28))
