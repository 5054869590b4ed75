"""Time expressions in English."""

from __future__ import annotations

import re
from datetime import date, timedelta

from scratchlab.notebook.dates import calendar
from scratchlab.notebook.dates.windows import english_words as said
from scratchlab.notebook.dates.windows.holidays import holiday
from scratchlab.notebook.dates.windows.rules import (
    Rule,
    ago,
    between_semesters,
    day,
    last_year_of,
    month,
    months_to,
    numbered_day,
    numbered_days,
    over,
    past,
    quarter,
    recently,
    rule,
    season,
    semester,
    week,
    weekday,
    weekend,
    year,
)
from scratchlab.notebook.dates.written import MONTH, MONTHS
from scratchlab.notebook.events import Span


def _month(match: re.Match[str], now: date) -> Span:
    number = said.month_number(match)
    return calendar.month(said.year_of(match) or last_year_of(number, now), number)


def _bare_year(match: re.Match[str], now: date) -> Span:
    if int(match["year"]) > now.year + 1:
        raise ValueError(f"{match['year']} is a number")
    return calendar.year(int(match["year"]))


def _years(match: re.Match[str], now: date) -> Span:
    first, last = int(match["year"]), int(match["to"])
    if not first < last <= now.year + 1:
        raise ValueError(f"{match[0]} are numbers")
    return Span(calendar.year(first).start, calendar.year(last).end)


def _weekday_before(match: re.Match[str], now: date) -> Span:
    """`two Fridays ago`, `the Friday before last`."""
    back = said.counts(match)[1] if match.groupdict().get("n") else 2
    return weekday(said.weekday(match), now - timedelta(weeks=back - 1))


def _season(match: re.Match[str], now: date) -> Span:
    return season(said.season_name(match), now, said.year_of(match))


def _weekdays(match: re.Match[str], now: date) -> Span:
    """From the first to the next of the second name."""
    first = weekday(said.weekday(match), now)
    return Span(first.start, weekday(said.last_weekday(match), first.start.date() + timedelta(weeks=1)).end)


def _months(match: re.Match[str], now: date) -> Span:
    """From the first to the next of the second name."""
    last = MONTHS.index(match["to"][:3].lower()) + 1
    if year := said.year_of(match):
        return Span(
            calendar.month(year if said.month_number(match) <= last else year - 1, said.month_number(match)).start,
            calendar.month(year, last).end,
        )
    return months_to(_month(match, now), last)


def _two_days(match: re.Match[str], now: date) -> Span:
    """Two days of a month, and the days between them."""
    first, last, number = int(match["d"]), int(match["to"]), said.month_number(match)
    if first >= last:
        raise ValueError(f"{match[0]} are not in their order")
    year = said.year_of(match) or (now.year if (number, first) <= (now.month, now.day) else now.year - 1)
    return calendar.days(date(year, number, first), date(year, number, last))


def _either_day(match: re.Match[str]) -> int:
    return said.WEEKDAYS.index((match["day"] or match["full"])[:3].lower())


_SEASON = (
    r"(?P<season>spring|summer|autumn|fall|winter)\b(?!\s*-?\s*(?:back|off|through|out|behind|short|apart|(?:in|of|to)\s+(?!20)|boot))"
)
_QUARTER_ENDS = (
    r"'s\b|\s*[-–~]\s*Q[1-4]|\s+(?:results?|goals?|plans?|reports?|reviews?)\b"  # otherwise it may be part of a model: `Q4 heads`
)
_BY_DAY = rf"(?:(?:{said.LED}(?!(?-i:sun|sat)\s+[a-z]){said.DAY}(?!s\b))|{said.NOT_COMING}\b(?P<full>{said.FULL_DAY})\b)"

RULES: tuple[Rule, ...] = (
    rule(r"\b(?:(?:earlier\s+)?today|tonight|this\s+(?:morning|afternoon|evening))\b", day(0)),
    rule(r"\b(?:the\s+)?day\s+before\s+yesterday\b", day(2)),
    rule(r"\b(?:yesterday|last\s+(?:night|evening)|overnight)\b", day(1)),
    rule(r"\bthis\s+week\b", week(0)),
    rule(r"\bearlier\s+this\s+week\b", lambda match, now: calendar.so_far(week(0)(match, now), now)),
    rule(r"\b(?:last|previous)\s+week\b", week(1)),
    rule(r"\b(?:the\s+)?week\s+before\s+last\b", week(2)),
    rule(r"\bthis\s+month\b", month(0)),
    rule(r"\bearlier\s+this\s+month\b", lambda match, now: calendar.so_far(month(0)(match, now), now)),
    rule(r"\b(?:last|previous)\s+month\b", month(1)),
    rule(r"\b(?:the\s+)?month\s+before\s+last\b", month(2)),
    rule(r"\bthis\s+year\b", year(0)),
    rule(r"\bearlier\s+this\s+year\b", lambda match, now: calendar.so_far(year(0)(match, now), now)),
    rule(r"\b(?:last|previous)\s+year\b", year(1)),
    rule(r"\b(?:the\s+)?year\s+before\s+last\b", year(2)),
    rule(r"\bthis\s+semester\b", semester(0)),
    rule(r"\b(?:last|previous|past)\s+semester\b", semester(1)),
    rule(r"\bthe\s+week\b", week(0), "week", bare=True),
    rule(r"\bthe\s+month\b", month(0), "month", bare=True),
    rule(r"\bthe\s+year\b", year(0), "year", bare=True),
    rule(r"\bthe\s+semester\b", semester(0), bare=True),
    rule(r"\b(?:this\s+weekend)\b", weekend(0)),
    rule(r"\b(?:this\s+past|(?:last|past|the|over\s+the)\s+)?\s*weekend\b", weekend(1)),
    rule(r"\b(?:the\s+)?weekend\s+before\s+last\b", weekend(2)),
    rule(rf"\b{said.COUNT}\s+{said.UNIT}\s+(?:ago|back|earlier)\b", lambda match, now: ago(said.unit(match), said.counts(match), now)),
    rule(r"\ba\s+fortnight\s+ago\b", week(2)),
    rule(r"\bhalf\s+a\s+year\s+ago\b", month(6)),
    rule(r"\bhalf\s+a\s+month\s+ago\b", lambda _, now: calendar.about(now - timedelta(days=15))),
    rule(
        rf"\b{said.COUNT}\s+(?P<unit>week|month|year)s?\s+ago\s+today\b",
        lambda match, now: calendar.day(calendar.moved(now, said.unit(match), -said.counts(match)[1])),
    ),
    rule(
        rf"\b(?:last|past|previous|these|these\s+past)\s+{said.COUNT}\s+{said.UNIT}\b",
        lambda match, now: past(said.unit(match), said.counts(match), now),
    ),
    rule(
        r"\b(?:(?:this\s+)?past|(?:in|over|during|for|within|from)\s+the\s+last)\s+(?P<unit>week|month|year)\b",
        lambda match, now: past(said.unit(match), (1, 1), now),
    ),
    rule(
        r"(?:^\s*|\b(?:last|past|previous|in|over|for|of|from)\s+(?:the\s+)?(?:last\s+|past\s+)?|(?<![\d.])(?=\d+\s?[dw]\s*ago\b))"
        r"(?P<n>\d{1,3})\s?(?P<unit>[dw])(?:\s*ago)?(?=\s*\??$)",
        lambda match, now: past("day" if said.unit(match) == "d" else "week", said.counts(match), now),
    ),
    rule(r"\b(?:recently|lately|these\s+days|in\s+recent\s+days)\b", recently),
    rule(rf"{_BY_DAY}", lambda match, now: weekday(_either_day(match), now), "week"),
    rule(rf"^{said.DAY}(?=\s*\??$)", lambda match, now: weekday(said.weekday(match), now), "week"),
    rule(rf"\bthis\s+{said.DAY}", lambda match, now: weekday(said.weekday(match), now, 0)),
    rule(rf"\b(?:last|(?:this\s+)?past|previous)\s+{said.DAY}", lambda match, now: weekday(said.weekday(match), now)),
    rule(rf"\b{said.COUNT}\s+{said.DAY[:-2]}s\s+ago\b", _weekday_before),
    rule(rf"\b(?:the\s+)?{said.DAY}\s+before\s+last\b", _weekday_before),
    rule(rf"\b(?P<day>{said.SHORT_DAY}){said.TO}(?P<to>{said.SHORT_DAY})\b", _weekdays, "week"),
    rule(rf"{said.LED_MONTH}(?!\s+\d{{1,2}}\b){said.YEAR}", _month, "year"),
    rule(rf"\b{said.SURE_MONTH}(?!\s+\d{{1,2}}\b){said.YEAR}", _month, "year"),
    rule(rf"(?<=\bmid-){said.NAMED_MONTH}{said.YEAR}", _month, "year"),
    rule(rf"\blast\s+{said.or_last(said.ABBREVIATED)}{said.NAMED_MONTH}(?!\s+\d)", over(_month, "year")),
    rule(rf"(?<!\d )\b{said.NAMED_MONTH}{said.TO}(?P<to>{MONTH})\b(?!\s+\d{{1,2}}\b){said.YEAR}", _months, "year"),
    rule(
        rf"\b{said.NAMED_MONTH}\s+{said.DAY_NUMBER}{said.AND_DAY}{said.YEAR}{said.CLOSED}",
        _two_days,
        "year",
    ),
    rule(
        rf"(?<![\w.])(?:the\s+)?{said.DAY_NUMBER}{said.AND_DAY}(?!\s(?-i:may)\s[a-z])\s+(?:of\s+)?"
        rf"{said.NAMED_MONTH}{said.YEAR}",
        _two_days,
        "year",
    ),
    rule(rf"\b(?:(?:in|during|over|this|early|late|of|since)\s+)(?:the\s+)?{_SEASON}{said.YEAR}", _season, "year"),
    rule(rf"\b(?:in\s+|over\s+|during\s+)?last\s+{_SEASON}", over(_season, "year")),
    rule(r"\b(?P<season>spring|summer|autumn|fall|winter)\s+(?:of\s+)?(?P<year>20\d\d)\b", _season),
    rule(
        r"\b(?:the\s+)?(?P<season>summer|winter)\s+(?:break|vacation|holidays?)" + said.YEAR,
        lambda match, now: between_semesters(said.season_name(match), now, said.year_of(match)),
        "year",
    ),
    rule(
        rf"\b(?:the\s+)?(?P<holiday>{'|'.join(said.HOLIDAYS)})\b(?:'s(?:\s+(?:day|eve))?|\s+(?:break|holidays?))?{said.YEAR}",
        lambda match, now: holiday(said.HOLIDAYS[match["holiday"].lower()], now, said.year_of(match)),
    ),
    rule(
        rf"\bQ(?P<n>[1-4])\s+(?:of\s+)?(?P<year>20\d\d)\b|(?:{said.LED}|\b(?=(?-i:Q)))Q(?P<m>[1-4])\b(?={_QUARTER_ENDS}|{said.CLOSED})",
        lambda match, now: quarter(int(match["n"] or match["m"]), now, said.year_of(match)),
        "year",
    ),
    rule(rf"(?:{said.LED}|(?<=\bmid-))(?P<year>20\d\d)\b(?![-/.]\d){said.NOT_COUNTING}", _bare_year),
    rule(
        rf"(?:{said.LED}|(?<=\bbetween ))(?P<year>20\d\d)(?:{said.TO}|{said.AND})(?P<to>20\d\d)\b(?![-/.]\d){said.NOT_COUNTING}",
        _years,
    ),
    rule(rf"{said.led(said.DAY_LEADS)}the\s+{said.NTH_DAY}{said.CLOSED}", lambda match, now: numbered_day(int(match["d"]), now), "month"),
    rule(
        rf"(?:(?<=\bfrom )|(?<=\bbetween ))the\s+{said.NTH_DAY}{said.TO}(?:the\s+)?{said.NTH_DAY.replace('?P<d>', '?P<to>')}{said.CLOSED}",
        lambda match, now: numbered_days(int(match["d"]), int(match["to"]), now),
        "month",
    ),
)
