"""Splits lines at their numbers; the text between them is the line's shape, and all lines of one shape are parsed alike.

A log of a hundred thousand lines has a few dozen shapes. Each shape is parsed only once (`shapes.py`), which is slow; all its other lines
cost one split and one look-up.
"""

from __future__ import annotations

import math
import re

SLOT = "\x00"  # stands for a number in a shape

_CLOCK = r"\d\d?:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?(?:\ [AP]M)?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_EXPONENT = r"(?:[eE][-+]?\d+)?"
_NUMBER = rf"(?>(?:\d{{1,3}}(?:,\d{{3}})+(?![\d,])|\d+)(?:\.\d*)?|\.\d+){_EXPONENT}(?!\.\d)"
_GLOG = r"\d{4}\ \d\d:\d\d:\d\d\.\d+"
_NAMED = rf"{_MONTH}\ \d\d?(?:,?\ \d{{4}})?,?\ {_CLOCK}(?:\ \d{{4}})?"
_NOT_FINITE = r"[-+]?(?:nan|NaN|inf|Inf|Infinity)(?![\w.\-/'])"


def _days(first: str) -> str:
    """The pattern of dates; first: the pattern of their first digit."""
    ymd, dmy = rf"{first}\d{{3}}[-/.]\d\d?[-/.]\d\d?", rf"{first}\d?[-/.]\d\d?[-/.]\d{{4}}"
    full = rf"(?:{ymd}|{dmy}|{first}\d{{7}}|{first}\d?[-/\ ]{_MONTH}[-/\ ]\d{{4}})(?:[T_\ :-]|,\ |\ -\ ){_CLOCK}"
    return rf"{full}|{first}\d[-/]\d\d\ \d\d:\d\d:\d\d(?:[.,]\d+)?"  # without a year: 08/14 12:19:46


def _durations(first: str) -> str:
    return rf"(?:{first}\d*\ days?,\ \d+|{first}\d*d\ ?\d+|{first}\d*):\d\d(?::\d\d(?:\.\d+)?)?(?![\d:])"


# A number does not follow letters or `_` (loss1, conv2), `@` (Prec@1), `#` (output #0), a point (the rest of a version), a hyphen after
# letters (top-1) or after letters and digits (mAP50-95), nor `.5:` (mAP@.5:.95). The pattern begins with a character class, so that the
# search skips quickly to the next candidate; therefore the lookbehinds follow the first character, and most numbers match in the first
# branch.
_NUMERIC = rf"""[-+.\d](?<![\w@#.].)(?<![A-Za-z_]-.)(?<![A-Za-z_]\d-.)(?<![A-Za-z_]\d\d-.)(?<!\.\d:.)(?:
    (?<=\d)(?>\d*(?:\.\d*)?){_EXPONENT}(?![:/\-.,_]\d|\ (?:days?,|{_MONTH}|\d\d:\d\d:)|[-/]{_MONTH})
  | (?<=\d)(?:{_days("")}|{_durations("")})
  | (?<=\d)(?:\d{{0,2}}(?:,\d{{3}})+(?![\d,])(?:\.\d*)?|(?>\d*(?:\.\d*)?)){_EXPONENT}(?![._]\d)
  | (?<=[-+]){_NUMBER}
  | (?<=\.)\d+{_EXPONENT}(?!\.\d)
)"""
_FAST = re.compile(rf"({_NUMERIC})", re.VERBOSE)
# Rarer forms: dates that begin with a letter, and values that are not finite. "number of nan iterations" is a name.
_FULL = re.compile(
    rf"((?<=[IWEF])(?<!\w[IWEF])(?=\d){_GLOG}|(?<!\w)(?=[A-Z][a-z][a-z]\ \d){_NAMED}"
    rf"|(?<![\w.@/\-])(?<!of\ )(?=[-+nNiI]){_NOT_FINITE}|{_NUMERIC})",
    re.VERBOSE,
)
_LETTERED = re.compile(rf"[IWEF]\d{{4}} |\W?(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?{_MONTH} \d")
_WHOLE_STAMP = re.compile(rf"{_days(chr(92) + 'd')}|{_GLOG}|{_NAMED}", re.VERBOSE)
_WHOLE_CLOCK = re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d+)?")
_WHOLE_DURATION = re.compile(r"(?:(\d+) ?d(?:ays?)?,? ?)?(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?")


def split(text: str) -> list[str]:
    """Splits into text, number, text, number, …, text."""
    if "nan" in text or "inf" in text or "NaN" in text or "Inf" in text or _LETTERED.match(text):
        return _FULL.split(text)
    return _FAST.split(text)


def is_stamp(cell: str) -> bool:
    """Whether it is a date with a time."""
    return _WHOLE_STAMP.fullmatch(cell) is not None


def is_clock(cell: str) -> bool:
    """Whether it may be a time of day: `12:19:46`."""
    return _WHOLE_CLOCK.fullmatch(cell) is not None


def number(cell: str) -> float | None:
    """The number in a cell; durations (`3:06:24`, `15:19`, `1 day, 2:00:00`) in seconds; None for time stamps and other text."""
    try:
        return float(cell)
    except ValueError:
        pass
    if duration := _WHOLE_DURATION.fullmatch(cell.strip()):
        days, first, second, third = duration.groups()
        seconds = int(first) * 60 + int(second) if third is None else int(first) * 3600 + int(second) * 60 + float(third)
        return seconds + 86400 * int(days or 0)
    try:
        return float(cell.strip().rstrip("%").replace(",", ""))
    except ValueError:
        return None


def finite(value: float | None) -> bool:
    """Whether the value is not None and finite."""
    return value is not None and math.isfinite(value)
