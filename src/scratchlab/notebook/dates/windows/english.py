"""Stretches of time as English says them."""

from __future__ import annotations

import re
from datetime import date, timedelta

from scratchlab.notebook.dates import calendar
from scratchlab.notebook.dates.windows.rules import (
    RECENT,
    Rule,
    ago,
    day,
    half,
    last_year_of,
    month,
    past,
    quarter,
    rule,
    season,
    week,
    weekday,
    weekend,
    year,
)
from scratchlab.notebook.dates.written import MONTH, MONTHS
from scratchlab.notebook.events import Span

COUNTING = ("a an one", "two couple", "three few", "four", "five several", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBERS = {word: i for i, words in enumerate(COUNTING, 1) for word in words.split()}
ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "last": -1}
LEADS = ("in", "on", "during", "of", "from", "since", "until", "till", "before", "after", "all", "by", "through", "this", "last")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_N = r"(?P<n>\d{1,3}|an?(?:\s+(?:couple|few)(?:\s+of)?)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|few|several)"
_UNIT = r"(?P<unit>day|week|month|year)s?"
_DAY = r"(?P<day>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)s?\b"
_MONTH = rf"(?P<month>{MONTH})\b"
_YEAR = r"(?:,?\s+(?:of\s+)?(?P<year>(?:19|20)\d\d))?"
_LED = "".join(("(?:", "|".join(rf"(?<=\b{word} )" for word in LEADS), ")"))
_ORDINAL = r"(?P<nth>first|1st|second|2nd|third|3rd|fourth|4th|fifth|5th|last)"


def _count(match: re.Match[str]) -> int:
    said = [word for word in match["n"].lower().split() if word != "of"][-1]
    return int(said) if said.isdigit() else NUMBERS[said]


def _month(match: re.Match[str], now: date) -> tuple[int, int]:
    number = MONTHS.index(match["month"][:3].lower()) + 1
    return _year(match) or last_year_of(number, now), number


def _year(match: re.Match[str]) -> int | None:
    return int(match["year"]) if match["year"] else None


def _weekday(match: re.Match[str]) -> int:
    return WEEKDAYS.index(match["day"][:3].lower())


def _part(match: re.Match[str], now: date) -> Span:
    part = {"e": 1, "b": 1, "s": 1, "m": 2, "l": 3, "t": 3}[match["part"][0].lower()] if match["part"][:2].lower() != "en" else 3
    return calendar.third_of_month(*_month(match, now), part)


def _week_of(match: re.Match[str], now: date) -> Span:
    at = _month(match, now)
    return calendar.week(date(*at, int(match["d"])))


RULES: tuple[Rule, ...] = (
    rule(r"\b(?:today|tonight|this\s+(?:morning|afternoon|evening))\b", day(0)),
    rule(r"\b(?:the\s+)?day\s+before\s+yesterday\b", day(2)),
    rule(r"\b(?:yesterday(?:\s+(?:morning|afternoon|evening))?|last\s+(?:night|evening)|overnight)\b", day(1)),
    rule(r"\bthis\s+week\b", week(0)),
    rule(r"\b(?:last|previous|past)\s+week\b", week(1)),
    rule(r"\b(?:the\s+)?week\s+before\s+last\b", week(2)),
    rule(r"\bthis\s+month\b", month(0)),
    rule(r"\b(?:last|previous|past)\s+month\b", month(1)),
    rule(r"\b(?:the\s+)?month\s+before\s+last\b", month(2)),
    rule(r"\b(?:earlier\s+)?this\s+year\b", year(0)),
    rule(r"\b(?:last|previous|past)\s+year\b", year(1)),
    rule(r"\b(?:this\s+weekend)\b", weekend(0)),
    rule(r"\b(?:(?:last|the|over\s+the)\s+)?weekend\b", weekend(1)),
    rule(rf"\b{_N}\s+{_UNIT}\s+(?:ago|back|earlier)\b", lambda match, now: ago(match["unit"].lower(), _count(match), now)),
    rule(rf"\b(?:last|past|previous)\s+{_N}\s+{_UNIT}\b", lambda match, now: past(match["unit"].lower(), _count(match), now)),
    rule(
        r"\b(?P<n>\d{1,3})\s?(?P<unit>[dw])\b(?=\s*(?:ago)?\s*$)",
        lambda match, now: past("day", int(match["n"]) * (7 if match["unit"].lower() == "w" else 1), now),
    ),
    rule(r"\b(?:recently|lately|these\s+days|in\s+recent\s+days)\b", lambda _, now: past("day", RECENT, now)),
    rule(
        rf"\b(?:{_DAY}\s+(?:of\s+)?last\s+week|last\s+week'?s?\s+(?:on\s+)?(?=\w){_DAY.replace('?P<day>', '?P<also>')})",
        lambda match, now: weekday(_last_week(match), now, 1),
    ),
    rule(rf"\bthis\s+(?:past\s+)?{_DAY}", lambda match, now: weekday(_weekday(match), now, 0)),
    rule(rf"\b(?:last|past|previous)\s+{_DAY}", lambda match, now: weekday(_weekday(match), now)),
    rule(rf"{_LED}{_DAY}|^{_DAY.replace('?P<day>', '?P<also>')}$", lambda match, now: weekday(_last_week(match), now)),
    rule(
        rf"\b(?:the\s+)?{_ORDINAL}\s+week\s+(?:of|in)\s+{_MONTH}{_YEAR}",
        lambda match, now: calendar.week_of_month(*_month(match, now), ORDINALS[match["nth"].lower()]),
    ),
    rule(rf"\b(?:the\s+)?week\s+of\s+(?:the\s+)?{_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?{_YEAR}", _week_of),
    rule(rf"\b(?:the\s+)?(?P<part>early|beginning|start|mid|middle|late|end)(?:\s+(?:of|in)|\s*-)?\s*{_MONTH}{_YEAR}", _part),
    rule(rf"{_LED}{_MONTH}(?!\s+\d{{1,2}}\b){_YEAR}", lambda match, now: calendar.month(*_month(match, now))),
    rule(
        r"\b(?:in\s+|during\s+|over\s+|last\s+|this\s+)(?:the\s+)?(?P<season>spring|summer|autumn|fall|winter)\b" + _YEAR,
        lambda match, now: season(match["season"].lower().replace("fall", "autumn"), now, _year(match)),
    ),
    rule(
        r"\b(?P<season>spring|summer|autumn|fall|winter)\s+(?:of\s+)?(?P<year>20\d\d)\b",
        lambda match, now: season(match["season"].lower().replace("fall", "autumn"), now, _year(match)),
    ),
    rule(
        r"\b(?:the\s+)?(?P<nth>first|second)\s+half\s+of\s+(?:the\s+year|(?P<year>20\d\d)|this\s+year)",
        lambda match, now: half(ORDINALS[match["nth"].lower()], now, _year(match)),
    ),
    rule(r"\bQ(?P<n>[1-4])(?:\s+(?:of\s+)?(?P<year>20\d\d))?\b", lambda match, now: quarter(int(match["n"]), now, _year(match))),
    rule(rf"{_LED}(?P<year>20\d\d)\b(?![-/.]\d)", lambda match, _: calendar.year(int(match["year"]))),
    rule(r"\b(?P<d>\d{1,2})(?:st|nd|rd|th)\s+of\s+(?:this|last)\s+month\b", lambda match, now: _of_month(match, now)),
)


def _last_week(match: re.Match[str]) -> int:
    return WEEKDAYS.index((match["day"] or match["also"])[:3].lower())


def _of_month(match: re.Match[str], now: date) -> Span:
    first = now.replace(day=1) if "this" in match[0].lower() else now.replace(day=1) - timedelta(days=1)
    return calendar.day(first.replace(day=int(match["d"])))
