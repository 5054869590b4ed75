"""Units and magnitudes after a number, by their names in English, Chinese and Korean."""

from __future__ import annotations

import re
from decimal import Decimal

UNITS: dict[str, tuple[str, ...]] = {
    "%": ("%", "percent", "per cent", "pct", "퍼센트", "프로"),
    "×": ("x", "×", "times", "fold", "-fold", "倍", "배"),
    "ms": ("ms", "msec", "millisecond", "milliseconds", "毫秒", "밀리초"),
    "s": ("s", "sec", "secs", "second", "seconds", "秒", "초"),
    "min": ("min", "mins", "minute", "minutes", "分钟", "分鐘", "분"),
    "h": ("h", "hr", "hrs", "hour", "hours", "小时", "小時", "시간"),
    "d": ("d", "day", "days", "天", "일"),
    "w": ("week", "weeks", "周", "週", "주"),
    "month": ("month", "months", "个月", "個月", "개월", "달"),
    "y": ("year", "years", "年", "년"),
    "B": ("bytes", "byte", "字节", "바이트"),
    "KB": ("kb", "kib"),
    "MB": ("mb", "mib"),
    "GB": ("gb", "gib"),
    "TB": ("tb", "tib"),
    "Hz": ("hz",),
    "kHz": ("khz",),
    "MHz": ("mhz",),
    "GHz": ("ghz",),
    "dB": ("db",),
}
LETTERS = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "bn": 10**9, "T": 10**12}  # adjacent to the number, case-sensitive
MAGNITUDES = {
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "千": 10**3,
    "万": 10**4,
    "萬": 10**4,
    "亿": 10**8,
    "億": 10**8,
    "천": 10**3,
    "만": 10**4,
    "억": 10**8,
}
TOUCHING = ("x", "d")  # units only if adjacent to the number

_UNIT = {form: unit for unit, forms in UNITS.items() for form in forms}


def _any(forms: tuple[str, ...]) -> str:
    """One pattern, the longest form first; Latin forms end at a word end; `×` between two numbers is no unit."""
    longest = sorted(forms, key=len, reverse=True)
    ends = {"%": "", "×": r"(?!\s*\d)"}
    return "|".join(re.escape(form) + ends.get(form, "(?![A-Za-z])" if form.isascii() else "") for form in longest)


_BEHIND = re.compile(
    rf"(?:(?P<letter>{'|'.join(sorted(LETTERS, key=len, reverse=True))})(?![A-Za-z0-9])|"
    rf"\s?(?P<magnitude>(?i:{_any(tuple(MAGNITUDES))})))?"
    rf"(?:[\s-]?(?P<unit>(?i:{_any(tuple(form for form in _UNIT if form not in TOUCHING))}))|(?P<touching>[xd])(?![A-Za-z0-9]))?"
)


def behind(text: str, at: int) -> tuple[int, str, int]:
    """Factor and unit ("" if unknown) after the number that ends at `text[at]`, and the position after them.

    >>> behind("1.5 million seconds", 3)
    (1000000, 's', 19)
    """
    match = _BEHIND.match(text, at)
    assert match is not None, "each part of the pattern may be missing"
    factor = LETTERS.get(match["letter"] or "", MAGNITUDES.get((match["magnitude"] or "").lower(), 1))
    form = (match["unit"] or match["touching"] or "").lower()
    return factor, _UNIT.get(form, ""), match.end()


def named(text: str) -> frozenset[str]:
    """The units that a text names anywhere, as the header of a table does for its cells."""
    return frozenset(unit for unit, pattern in _NAMED.items() if pattern.search(text))


_NAMED = {
    unit: re.compile("|".join(f"(?<![A-Za-z]){re.escape(form)}(?![A-Za-z])" if form.isascii() else re.escape(form) for form in forms), re.I)
    for unit, forms in UNITS.items()
}
_NAMED["%"] = re.compile(r"%|\bper ?cent\b|\bpct\b|퍼센트|百分", re.IGNORECASE)


def scaled(value: Decimal, factor: int) -> Decimal:
    """Value times factor, without trailing zeros."""
    return (value * factor).normalize() + 0  # -0 is 0
