"""Parsing of time stamps."""

from __future__ import annotations

import re
from datetime import datetime

from scratchlab.notebook.logs.log import Log, Row

_SHORT_YEAR = 1904  # for stamps without a year: a leap year, so that 29 February exists; only differences of such times are shown
_SPLIT = re.compile(
    r"(?P<day>.*?)[T_ ,:-]+(?P<clock>\d\d?:\d\d:\d\d)(?:[.,](?P<part>\d+))?(?:Z|[+-]\d\d:?\d\d)?(?P<half> [AP]M)?(?: (?P<year>\d{4}))?$"
)
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d-%m-%Y", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d", "%d %b %Y", "%b %d %Y", "%b %d, %Y")
_YEARLESS = ("%m/%d", "%m-%d", "%m%d", "%b %d")


def moment(stamp: str) -> datetime | None:
    """The naive local time of a stamp; None if it is none. Without a year the year is 1904, without a date 1 January 1904."""
    found = _SPLIT.match(stamp) or re.fullmatch(r"(?P<day>)(?P<clock>\d\d?:\d\d:\d\d)(?:[.,](?P<part>\d+))?(?P<half>)(?P<year>)", stamp)
    if not found:
        return None
    day = found["day"].strip(" ,").replace("-", "-")
    if found["year"]:
        day = f"{day} {found['year']}"
    clock = f"{found['clock']}{found['half'] or ''}"
    microsecond = int((found["part"] or "0")[:6].ljust(6, "0"))
    form = "%I:%M:%S %p" if found["half"] else "%H:%M:%S"
    day = re.sub(r"(\d\d?)[-/ ]([A-Z][a-z]{2})[-/ ](\d{4})", r"\1 \2 \3", day)
    for days in _DAYS if day else ():
        try:
            return datetime.strptime(f"{day} {clock}", f"{days} {form}").replace(microsecond=microsecond)
        except ValueError:
            continue
    for days in _YEARLESS if day else ():
        try:
            return datetime.strptime(f"{_SHORT_YEAR} {day} {clock}", f"%Y {days} {form}").replace(microsecond=microsecond)
        except ValueError:
            continue
    try:
        return None if day else datetime.strptime(f"{_SHORT_YEAR} {clock}", f"%Y {form}").replace(microsecond=microsecond)
    except ValueError:
        return None


def has_year(time: datetime) -> bool:
    """Whether the time stamp contained a year."""
    return time.year != _SHORT_YEAR


def stamped(log: Log) -> tuple[tuple[Row, datetime], tuple[Row, datetime]] | None:
    """The first and the last row with a time stamp, and their times; None without two such rows."""
    first = next(((row, time) for row in log.rows if (time := _time(row))), None)
    last = next(((row, time) for row in reversed(log.rows) if (time := _time(row))), None)
    return (first, last) if first and last and first[0] is not last[0] else None


def _time(row: Row) -> datetime | None:
    stamp = row.text("at")
    return moment(stamp) if stamp else None
