"""Numbers in their various spellings, made comparable: 1e-3 = 10⁻³ = 0.001, 1,000 = 1k, 85.9 % = 85.9 percent, 三倍 = 3×.

Also names that contain digits: `d12`, `2.13.0`, `LOG_2.md`, `14:30`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from scratchlab.notebook.dates.written import nearest, written
from scratchlab.notebook.events import Span
from scratchlab.notebook.recall.answer.spelled import spelled
from scratchlab.notebook.recall.answer.units import behind, scaled

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+")
_GROUPED = re.compile(r"(?<![\d.,_])\d{1,3}(?:([,，_\u00a0\u2009\u202f])\d{3})(?:\1\d{3})*(?!\d|\1\d)")
_POWER = re.compile(r"(?<![\w.])(?:(\d+(?:\.\d+)?)\s*[×x*·∙]\s*)?10\s*(?:\^|\*\*)\s*([+-]?\d+)")
_CLOCK = re.compile(r"(?<![\d:.])\d{1,2}:\d{2}(?::\d{2})?(?![\d:])")
_CHUNK = re.compile(r"\.?[A-Za-z0-9_]+(?:[./+-]+[A-Za-z0-9_]+)*")
_PLAIN = r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_PLAINS = re.compile(rf"\.?{_PLAIN}[A-Za-z]*(?:[-/]{_PLAIN}[A-Za-z]*)*")
_ONE = re.compile(rf"({_PLAIN})([A-Za-z]*)")
_ORDINAL = ("st", "nd", "rd", "th")
_JOINED = re.compile(r"\s*(?:-|–|—|~|～|to|and|or|,|/|到|至|和|或|与|에서|부터)\s*")
MOST_DIGITS = 25  # limit on digits and on the exponent; longer numbers are compared literally, as names


@dataclass(frozen=True)
class Number:
    """A number in a text.

    value: without trailing zeros.
    unit: canonical name from `units`; "" if none is known.
    text: the number as written.
    shared: the unit taken over from a neighbour, as for 3 in `3–5 hours`.
    """

    value: Decimal
    unit: str
    text: str
    shared: str = ""

    @property
    def units(self) -> set[str]:
        """Its own unit, and the shared one."""
        return {self.unit, self.shared or self.unit}


@dataclass(frozen=True)
class Figures:
    """The numbers, names with digits and dates of a text.

    names: in lower case.
    dates: each with its words in the text.
    """

    numbers: tuple[Number, ...]
    names: tuple[str, ...]
    dates: tuple[tuple[Span, str], ...]


def figures(text: str, near: date | None, ones: bool = False) -> Figures:
    """Parses a text.

    near: reference day for dates without a year.
    ones: whether `one` counts as a number: yes in evidence, no in claims.
    """
    text = plain(text)
    dates: list[tuple[Span, str]] = []
    for start, line in _lines(text):
        for date_ in written(line, nearest(near), leading=True):
            dates.append((date_.span, line[date_.start : date_.end].strip()))
            text = _blanked(text, start + date_.start, start + date_.end)
    names: list[str] = []
    for match in _CLOCK.finditer(text):
        names.append(match[0])
        text = _blanked(text, *match.span())
    found: list[tuple[int, int, Number]] = []
    for match in _CHUNK.finditer(text):
        numbers, own = _read(text, match)
        found += numbers
        names += own
    taken = {place for start, end, _ in found for place in range(start, end)}
    for value, start, end in spelled(text, ones):
        if start in taken:  # `1.5 million` is one number
            continue
        factor, unit, end = behind(text, end)
        percent = text[:start].endswith("百分之")
        found.append((start, end, Number(scaled(value, factor), "%" if percent else unit, text[start:end].strip())))
    return Figures(tuple(_sharing(text, sorted(found, key=lambda date_: date_[:2]))), tuple(names), tuple(dates))


def plain(text: str) -> str:
    """Normalizes full-width and superscript digits, minus signs, thousands separators and powers of ten."""
    text = _RAISED.sub(lambda run: "^" + run[0].translate(_SUPERSCRIPTS), text)
    text = _GROUPED.sub(lambda run: re.sub(r"\D", "", run[0]), text)
    text = unicodedata.normalize("NFKC", text).replace("−", "-").replace("\\times", "×").replace("\\%", "%")
    text = re.sub(r"\^\{\s*([+-]?\d+)\s*\}", r"^\1", text)
    text = _POWER.sub(lambda run: f"{run[1] or 1}e{run[2]}", text)
    text = re.sub(r"(?<=\d)\s*×\s*(?=\d)", "x", text)
    return text.replace("**", "  ").replace("`", " ")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for line in text.splitlines(keepends=True):
        yield at, line
        at += len(line)


def _blanked(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _read(text: str, match: re.Match[str]) -> tuple[list[tuple[int, int, Number]], list[str]]:
    """Parses a chunk without spaces: one or more numbers, or a name with digits."""
    chunk, start = match[0], match.start()
    if not any(char.isdigit() for char in chunk):
        return [], []
    if chunk[0] == "." and ((start > 0 and text[start - 1].isalnum()) or not chunk[1].isdigit()):
        chunk, start = chunk[1:], start + 1
    parts = _ONE.finditer(chunk) if _PLAINS.fullmatch(chunk) else _pieces(chunk)
    numbers: list[tuple[int, int, Number]] = []
    names: list[str] = []
    for part in parts:
        at, end = start + part.start(), start + part.end()
        if not any(char.isdigit() for char in part[0]):
            continue
        match_ = _ONE.fullmatch(part[0])
        number = _number(text, match_, at) if match_ else None
        if number is None:
            names.append(re.sub(r"^v(?=\d)", "", part[0].lower()))
        else:
            numbers.append((at, max(end, number[1]), number[0]))
    return numbers, names


def _pieces(chunk: str) -> Iterator[re.Match[str]]:
    return re.finditer(r"[^-/_+]+", chunk)


def _number(text: str, match_: re.Match[str], at: int) -> tuple[Number, int] | None:
    """The number at `text[at]` with its sign and unit, and its end; None if adjacent letters make it a name."""
    digits, letters = match_[1], match_[2]
    mantissa, _, exponent = digits.lower().partition("e")
    if len(mantissa) > MOST_DIGITS or abs(int(exponent[:6] or 0)) > MOST_DIGITS:
        return None
    ends = at + len(digits)
    factor, unit, end = behind(text, ends)
    if letters.lower() in _ORDINAL:
        factor, unit, end = 1, "", ends + len(letters)
    elif end < ends + len(letters):
        return None
    before = text[max(0, at - 2) : at]
    if before.endswith("."):
        digits, before = f"0.{digits}", text[max(0, at - 3) : at - 1]
    if before.endswith("-") and not (len(before) > 1 and (before[0].isalnum() or before[0] in ")]%-")):
        digits = f"-{digits}"
    if text[:at].endswith("百分之"):
        unit = "%"
    return Number(scaled(Decimal(digits), factor), unit, f"{'-' if digits[0] == '-' else ''}{text[at:end].strip()}"), end


def _sharing(text: str, found: list[tuple[int, int, Number]]) -> Iterator[Number]:
    for i, (_, end, number) in enumerate(found):
        if i + 1 < len(found) and not number.unit and _JOINED.fullmatch(text, end, max(end, found[i + 1][0])):
            yield Number(number.value, "", number.text, shared=found[i + 1][2].unit)
        else:
            yield number


def days(span: Span) -> tuple[date, date]:
    """The first and the last day of a span."""
    return span.start.date(), (span.end - timedelta(microseconds=1)).date()
