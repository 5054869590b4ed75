"""Holidays as time expressions: spans of the days off around them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from scratchlab.notebook.dates.calendar import days
from scratchlab.notebook.events import Span

_LUNAR_NEW_YEAR = {  # month and day of the first day of the Chinese year
    2015: (2, 19), 2016: (2, 8), 2017: (1, 28), 2018: (2, 16), 2019: (2, 5), 2020: (1, 25), 2021: (2, 12), 2022: (2, 1),
    2023: (1, 22), 2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13), 2030: (2, 3),
    2031: (1, 23), 2032: (2, 11), 2033: (1, 31), 2034: (2, 19), 2035: (2, 8),
}  # fmt: skip
_MID_AUTUMN = {  # the fifteenth day of the eighth Chinese month
    2015: (9, 27), 2016: (9, 15), 2017: (10, 4), 2018: (9, 24), 2019: (9, 13), 2020: (10, 1), 2021: (9, 21), 2022: (9, 10),
    2023: (9, 29), 2024: (9, 17), 2025: (10, 6), 2026: (9, 25), 2027: (9, 15), 2028: (10, 3), 2029: (9, 22), 2030: (9, 12),
    2031: (10, 1), 2032: (9, 19), 2033: (9, 8), 2034: (9, 27), 2035: (9, 16),
}  # fmt: skip

_Around = tuple[Callable[[int], tuple[int, int] | None], int, int]  # function from year to (month, day), days off before and after it


def _fixed(month: int, day: int) -> Callable[[int], tuple[int, int]]:
    return lambda _: (month, day)


HOLIDAYS: dict[str, _Around] = {
    "new year": (_fixed(1, 1), 1, 1),
    "lunar new year": (_LUNAR_NEW_YEAR.get, 1, 6),
    "labour day": (_fixed(5, 1), 0, 4),
    "mid-autumn": (_MID_AUTUMN.get, 1, 1),
    "national day": (_fixed(10, 1), 0, 6),
    "christmas": (_fixed(12, 25), 1, 1),
}


def holiday(name: str, now: date, year: int | None = None) -> Span:
    """The holiday in that year; without a year, the last one that has begun. Raises ValueError for years outside of the lunar tables.

    >>> holiday("new year", date(2025, 3, 12)).days
    '2024-12-31 to 2025-01-02'
    """
    at, before, after = HOLIDAYS[name]
    for candidate in (year,) if year is not None else (now.year + 1, now.year, now.year - 1):
        if when := at(candidate):
            off = date(candidate, *when)
            if year is not None or off - timedelta(days=before) <= now:
                return days(off - timedelta(days=before), off + timedelta(days=after))
    raise ValueError(f"the date of {name} is not known")
