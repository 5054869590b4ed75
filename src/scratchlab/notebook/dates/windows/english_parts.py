"""English expressions for parts of a longer time."""

from __future__ import annotations

import re

from scratchlab.notebook.dates.windows import english_words as said
from scratchlab.notebook.dates.windows import parts
from scratchlab.notebook.dates.windows.parts import Part, after, before
from scratchlab.notebook.events import Span

_D = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"


def _weekdays_of(match: re.Match[str], span: Span) -> Span:
    return Span(parts.only_weekday(span, said.weekday(match)).start, parts.only_weekday(span, said.last_weekday(match)).end)


def _ends(match: re.Match[str], span: Span) -> Span:
    return parts.ends(span, said.unit(match), said.counts(match)[1] if match["n"] else 1, 1 if match["end"].lower() == "first" else -1)


def _beside(match: re.Match[str], span: Span) -> Span:
    """`two weeks before` is a day; `the week before` and `the two weeks before` are periods that end there."""
    if said.unit(match) == "hour":
        return parts.whole(span)
    if not match["adjoining"] and not match["n"]:
        raise ValueError(f"{match[0]} does not say how many")
    counts = said.counts(match) if match["n"] else (1, 1)
    if match["adjoining"]:
        return parts.adjoining(span, said.unit(match), counts[1], match["side"].lower() == "after")
    return parts.away(span, said.unit(match), counts, match["side"].lower() == "after")


BEFORE: tuple[Part, ...] = (
    before(
        r"(?P<third>early|beginning|start|mid|middle|late|end)(?:\s+(?:of|in)\b|\s*-)?",
        lambda match, span: parts.third(span, said.THIRDS[match["third"].lower()]),
    ),
    before(
        r"(?P<half>first|1st|second|2nd|latter|other)\s+half\s+(?:of|in)\b",
        lambda match, span: parts.half(span, said.HALVES[match["half"].lower()]),
    ),
    before(rf"{said.ORDINAL}\s+week\s+(?:of|in)\b", lambda match, span: parts.nth_week(span, said.ORDINALS[match["nth"].lower()])),
    before(rf"(?P<end>first|last|final)\s+(?:{said.COUNT}\s+)?{said.UNIT}\s+(?:of|in)\b", _ends),
    before(
        rf"{said.ORDINAL}\s+{said.DAY}\s+(?:of|in)\b",
        lambda match, span: parts.weekday(span, said.weekday(match), said.ORDINALS[match["nth"].lower()]),
    ),
    before(rf"{said.ORDINAL}\s+weekend\s+(?:of|in)\b", lambda match, span: parts.weekend(span, said.ORDINALS[match["nth"].lower()])),
    before(rf"{said.DAY}(?:\s+(?:of|in))?\b", lambda match, span: parts.only_weekday(span, said.weekday(match))),
    before(rf"{said.DAY}{said.TO}(?P<to>{said.FULL_DAY}|{said.SHORT_DAY})(?:\s+(?:of|in))?\b", _weekdays_of),
    before(rf"{said.DAY}[,.]?", lambda _, span: parts.whole(span)),
    before(
        rf"{said.NTH_DAY}{said.TO}(?:the\s+)?{said.NTH_DAY.replace('?P<d>', '?P<to>')}\s+of\b",
        lambda match, span: parts.numbered_days(span, int(match["d"]), int(match["to"])),
    ),
    before(rf"{_D}\s+of\b", lambda match, span: parts.numbered_days(span, int(match["d"]))),
    before(rf"{said.NAMED_MONTH}(?:\s+(?:of|in))?\b", lambda match, span: parts.named_month(span, said.month_number(match))),
    Part(
        re.compile(
            rf"(?<!\w)(?P<adjoining>the\s+(?:(?:last|first)\s+)?)?(?:{said.COUNT}\s+)?{said.UNIT}\s+(?P<side>before|after)\s+(?:the\s+)?$",
            re.IGNORECASE,
        ),
        _beside,
    ),
    before(r"weekend\s+of\b", lambda _, span: parts.weekend_around(span)),
    before(r"week\s+(?:of|beginning|starting|from)\b", lambda _, span: parts.week_around(span)),
)
AFTER: tuple[Part, ...] = (
    after(rf"(?:'s)?\s+(?:on\s+)?{said.DAY}(?!\s*(?:before|\d))", lambda match, span: parts.only_weekday(span, said.weekday(match))),
    after(r"\s+on\s+the\s+(?P<d>\d{1,2})(?:st|nd|rd|th)\b", lambda match, span: parts.numbered_days(span, int(match["d"]))),
    after(rf"(?:'s)?\s+in\s+{said.NAMED_MONTH}", lambda match, span: parts.named_month(span, said.month_number(match))),
)
