"""Stretches of time as Chinese says them."""

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

DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "几": 3}
WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "1": 0, "2": 1, "3": 2, "4": 3, "5": 4, "6": 5, "7": 6}
UNITS = {"天": "day", "日": "day", "周": "week", "星期": "week", "礼拜": "week", "个月": "month", "月": "month", "年": "year"}
SEASONS = {"春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter"}
PARTS = {"上旬": 1, "初": 1, "月初": 1, "中旬": 2, "中": 2, "下旬": 3, "底": 3, "末": 3}
YEARS = {"今": 0, "去": 1, "前": 2}

_NUMBER = r"(?<![一二两三四五六七八九十百千万几])(?:[一二两三四五六七八九]?十[一二两三四五六七八九几]?|[一二两三四五六七八九几])"
_N = rf"(?P<n>(?<!\d)\d{{1,3}}|{_NUMBER})"
_UNIT = r"(?P<unit>天|周|个?星期|个?礼拜|个月|年)"
_WEEK = r"(?:周|星期|礼拜)"
_DAY = r"(?P<day>[一二三四五六日天1-7])(?![天周个年月\d])"
_MONTH = r"(?:(?P<year>20\d\d)\s*年|(?P<said>[今去前])年)?\s*(?P<month>(?<!\d)\d{1,2}|" + _NUMBER + r")\s*月份?"


def number(said: str) -> int:
    """`12`, `十二`, `二十` as a number."""
    if said.isdigit():
        return int(said)
    tens, ten, ones = said.partition("十")
    return 10 * DIGITS[tens or "一"] + DIGITS[ones or "零"] if ten else DIGITS[said]


def _count(match: re.Match[str]) -> int:
    return number(match["n"])


def _unit(match: re.Match[str]) -> str:
    return UNITS[match["unit"].removeprefix("个") if match["unit"] != "个月" else "个月"]


def _year(match: re.Match[str], now: date) -> int | None:
    if match["year"]:
        return int(match["year"])
    return now.year - YEARS[match["said"]] if match["said"] else None


def _month(match: re.Match[str], now: date) -> tuple[int, int]:
    named = number(match["month"])
    return _year(match, now) or last_year_of(named, now), named


_OF_YEAR = r"(?:(?P<year>20\d\d)\s*年|(?P<said>[今去前])年)?\s*(?:的)?"

RULES: tuple[Rule, ...] = (
    rule(r"今[天日晚早](?:上|晨)?", day(0)),
    rule(r"昨[天日晚](?:晚上|夜里|上午|下午)?", day(1)),
    rule(r"大前天", day(3)),
    rule(r"前天", day(2)),
    rule(rf"(?:这|本|这个|这一){_WEEK}(?![一二三四五六日天末])", week(0)),
    rule(rf"上上(?:个)?{_WEEK}(?![一二三四五六日天末])", week(2)),
    rule(rf"上(?:个|一)?{_WEEK}(?![一二三四五六日天末])", week(1)),
    rule(r"(?:这|本|这个)月", month(0)),
    rule(r"上上个?月", month(2)),
    rule(r"上(?:个|一个)?月", month(1)),
    rule(r"今年", year(0)),
    rule(r"去年", year(1)),
    rule(r"前年", year(2)),
    rule(rf"(?:上|上个){_WEEK}末", weekend(1)),
    rule(rf"(?:这|本|这个){_WEEK}末", weekend(0)),
    rule(rf"(?<![上这本个]){_WEEK}末", weekend(1)),
    rule(rf"上上(?:个)?{_WEEK}{_DAY}", lambda match, now: weekday(WEEKDAYS[match["day"]], now, 2)),
    rule(rf"上(?:个)?{_WEEK}{_DAY}", lambda match, now: weekday(WEEKDAYS[match["day"]], now, 1)),
    rule(rf"(?:这|本|这个){_WEEK}{_DAY}", lambda match, now: weekday(WEEKDAYS[match["day"]], now, 0)),
    rule(rf"(?<![上这本个第一二三四五]){_WEEK}{_DAY}", lambda match, now: weekday(WEEKDAYS[match["day"]], now)),
    rule(rf"{_N}\s*{_UNIT}\s*(?:之?前|以前)", lambda match, now: ago(_unit(match), _count(match), now)),
    rule(rf"(?:最近|过去|近|这)(?:的)?\s*{_N}\s*{_UNIT}(?:里|内)?", lambda match, now: past(_unit(match), _count(match), now)),
    rule(r"(?:最近|近来|近期|这几天|这阵子)", lambda _, now: past("day", RECENT, now)),
    rule(
        rf"{_MONTH}的?(?:第)\s*(?P<n>[一二三四五1-5])\s*(?:个)?{_WEEK}",
        lambda match, now: calendar.week_of_month(*_month(match, now), _count(match)),
    ),
    rule(rf"{_MONTH}的?最后一?(?:个)?{_WEEK}", lambda match, now: calendar.week_of_month(*_month(match, now), -1)),
    rule(
        rf"{_MONTH}的?(?P<part>上旬|中旬|下旬|初|中|底|末)",
        lambda match, now: calendar.third_of_month(*_month(match, now), PARTS[match["part"]]),
    ),
    rule(rf"{_MONTH}(?!\s*\d+\s*[日号號])", lambda match, now: calendar.month(*_month(match, now))),
    rule(rf"{_OF_YEAR}(?P<season>[春夏秋冬])(?:天|季)", lambda match, now: season(SEASONS[match["season"]], now, _year(match, now))),
    rule(rf"{_OF_YEAR}(?P<half>[上下])半年", lambda match, now: half(1 if match["half"] == "上" else 2, now, _year(match, now))),
    rule(rf"{_OF_YEAR}第?(?P<n>[一二三四1-4])季度", lambda match, now: quarter(_count(match), now, _year(match, now))),
    rule(r"(?P<year>20\d\d)\s*年(?!\s*(?:\d|第|[春夏秋冬上下]))", lambda match, _: calendar.year(int(match["year"]))),
)
