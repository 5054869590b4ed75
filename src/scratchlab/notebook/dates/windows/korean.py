"""Stretches of time as Korean says them."""

from __future__ import annotations

import re
from datetime import date

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

COUNTING = (
    "한 일",
    "두 이",
    "세 삼",
    "네 사",
    "다섯 오",
    "여섯 육",
    "일곱 칠",
    "여덟 팔",
    "아홉 구",
    "열 십",
)  # native and Chinese numbers
NUMBERS = {word: i for i, words in enumerate(COUNTING, 1) for word in words.split()} | {"몇": 3}
ORDINALS = {"첫": 1, "둘": 2, "두": 2, "셋": 3, "세": 3, "넷": 4, "네": 4, "다": 5, "마": -1}  # by how they begin: `둘째`, `두 번째`
WEEKDAYS = "월화수목금토일"
UNITS = {"일": "day", "주일": "week", "주": "week", "달": "month", "개월": "month", "년": "year", "해": "year"}
SEASONS = {"봄": "spring", "여름": "summer", "가을": "autumn", "겨울": "winter"}
PARTS = {"초순": 1, "초": 1, "중순": 2, "하순": 3, "말": 3}
YEARS = {"올해": 0, "작년": 1, "지난해": 1, "재작년": 2}

_N = rf"(?P<n>\d{{1,3}}|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"
_UNIT = r"(?P<unit>일|주일?|달|개월|년)"
_DAY = r"(?P<day>[월화수목금토일])요일"
_OF_YEAR = r"(?:(?P<year>20\d\d)\s*년|(?P<said>올해|작년|지난해|재작년))?\s*"
_MONTH = _OF_YEAR + r"(?<!\d)(?P<month>\d{1,2})\s*월"
_LAST, _THIS = r"(?:지난|저번)", r"(?:이번|금)"


def _count(match: re.Match[str]) -> int:
    return int(match["n"]) if match["n"].isdigit() else NUMBERS[match["n"]]


def _year(match: re.Match[str], now: date) -> int | None:
    if match["year"]:
        return int(match["year"])
    return now.year - YEARS[match["said"]] if match["said"] else None


def _month(match: re.Match[str], now: date) -> tuple[int, int]:
    number = int(match["month"])
    return _year(match, now) or last_year_of(number, now), number


def _weekday(match: re.Match[str]) -> int:
    return WEEKDAYS.index(match["day"])


RULES: tuple[Rule, ...] = (
    rule(r"오늘", day(0)),
    rule(r"어제(?:밤|\s*저녁)?|어젯밤", day(1)),
    rule(r"그저께|그제|이틀\s*전", day(2)),
    rule(r"엊그제", lambda _, now: past("day", 3, now)),
    rule(r"하루\s*전", day(1)),
    rule(r"사흘\s*전", day(3)),
    rule(r"나흘\s*전", day(4)),
    rule(rf"{_THIS}\s*주(?![말일])", week(0)),
    rule(r"지지난\s*주|저저번\s*주", week(2)),
    rule(rf"(?<!지){_LAST}\s*주(?![말일])", week(1)),
    rule(rf"{_THIS}\s*달|이달", month(0)),
    rule(r"지지난\s*달|저저번\s*달", month(2)),
    rule(rf"(?<!지){_LAST}\s*달", month(1)),
    rule(r"올해|금년", year(0)),
    rule(r"작년|지난해", year(1)),
    rule(r"재작년", year(2)),
    rule(rf"{_THIS}\s*주말", weekend(0)),
    rule(rf"(?:{_LAST}\s*)?주말", weekend(1)),
    rule(rf"지지난\s*주\s*{_DAY}", lambda match, now: weekday(_weekday(match), now, 2)),
    rule(rf"(?<!지){_LAST}\s*주\s*{_DAY}", lambda match, now: weekday(_weekday(match), now, 1)),
    rule(rf"{_THIS}\s*주\s*{_DAY}", lambda match, now: weekday(_weekday(match), now, 0)),
    rule(rf"(?:{_LAST}\s*)?{_DAY}", lambda match, now: weekday(_weekday(match), now)),
    rule(rf"(?<!\d){_N}\s*{_UNIT}\s*전", lambda match, now: ago(UNITS[match["unit"]], _count(match), now)),
    rule(rf"(?:최근|지난|요\s*며칠)\s*{_N}\s*{_UNIT}(?:간|\s*동안)?", lambda match, now: past(UNITS[match["unit"]], _count(match), now)),
    rule(r"최근(?:에)?|요즘|며칠\s*사이", lambda _, now: past("day", RECENT, now)),
    rule(
        rf"{_MONTH}\s*(?P<nth>첫\s?번?째?|둘째|두\s?번째|셋째|세\s?번째|넷째|네\s?번째|다섯\s?번?째|마지막)\s*주",
        lambda match, now: calendar.week_of_month(*_month(match, now), ORDINALS[match["nth"][0]]),
    ),
    rule(rf"{_MONTH}\s*(?P<n>[1-5])\s*주차?", lambda match, now: calendar.week_of_month(*_month(match, now), _count(match))),
    rule(
        rf"{_MONTH}\s*(?P<part>초순|초|중순|하순|말)", lambda match, now: calendar.third_of_month(*_month(match, now), PARTS[match["part"]])
    ),
    rule(rf"{_MONTH}(?!\s*\d+\s*일)(?!요일)", lambda match, now: calendar.month(*_month(match, now))),
    rule(
        rf"{_OF_YEAR}(?:지난\s*)?(?P<season>봄|여름|가을|겨울)(?=[에의철 ]|$)",
        lambda match, now: season(SEASONS[match["season"]], now, _year(match, now)),
    ),
    rule(rf"{_OF_YEAR}(?P<half>[상하])반기", lambda match, now: half(1 if match["half"] == "상" else 2, now, _year(match, now))),
    rule(rf"{_OF_YEAR}(?P<n>[1-4])\s*분기", lambda match, now: quarter(_count(match), now, _year(match, now))),
    rule(r"(?P<year>20\d\d)\s*년(?!\s*(?:\d|[봄여가겨상하]))", lambda match, _: calendar.year(int(match["year"]))),
)
