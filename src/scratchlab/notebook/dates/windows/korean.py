"""Time expressions in Korean."""

from __future__ import annotations

import re
from datetime import date, timedelta

from scratchlab.notebook.dates import calendar
from scratchlab.notebook.dates.windows import parts
from scratchlab.notebook.dates.windows.holidays import holiday
from scratchlab.notebook.dates.windows.parts import Part, after
from scratchlab.notebook.dates.windows.rules import (
    FEW,
    Counts,
    Rule,
    ago,
    between_semesters,
    day,
    half,
    last_year_of,
    month,
    months_to,
    numbered_day,
    numbered_days,
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
from scratchlab.notebook.dates.written import NO_MONTH
from scratchlab.notebook.events import Span

COUNTING = (
    "한 일",
    "두 이",
    "세 삼 석",
    "네 사 넉",
    "다섯 오",
    "여섯 육",
    "일곱 칠",
    "여덟 팔",
    "아홉 구",
    "열 십",
)  # native and Sino-Korean numbers
UNSURE = {"몇": FEW, "한두": (1, 2), "일이": (1, 2), "두세": (2, 3), "두어": (2, 3), "이삼": (2, 3), "서너": (3, 4), "삼사": (3, 4)}
COUNTS = {word: (i, i) for i, words in enumerate(COUNTING, 1) for word in words.split()} | UNSURE
DAYS = {
    "하루": 1,
    "이틀": 2,
    "사흘": 3,
    "나흘": 4,
    "닷새": 5,
    "엿새": 6,
    "이레": 7,
    "여드레": 8,
    "아흐레": 9,
    "열흘": 10,
}  # native words for numbers of days
ORDINALS = {"첫": 1, "둘": 2, "두": 2, "셋": 3, "세": 3, "넷": 4, "네": 4, "다": 5, "마": -1}  # by their first character: `둘째`, `두 번째`
MONTHS = {"일": 1, "이": 2, "삼": 3, "사": 4, "오": 5, "유": 6, "칠": 7, "팔": 8, "구": 9, "시": 10, "십일": 11, "십이": 12}
WEEKDAYS = "월화수목금토일"
UNITS = {"시간": "hour", "일": "day", "주일": "week", "주": "week", "달": "month", "개월": "month", "년": "year", "해": "year"}
SEASONS = {"봄": "spring", "여름": "summer", "가을": "autumn", "겨울": "winter"}
THIRDS = {"초순": 1, "상순": 1, "초반": 1, "초": 1, "중순": 2, "중반": 2, "하순": 3, "말": 3}
YEARS = {"올해": 0, "작년": 1, "지난해": 1, "재작년": 2}
HOLIDAYS = {
    "설날": "lunar new year",
    "설 연휴": "lunar new year",
    "구정": "lunar new year",
    "추석": "mid-autumn",
    "신정": "new year",
    "연말연시": "new year",
    "크리스마스": "christmas",
    "성탄절": "christmas",
}

_N = rf"(?<!\d\.)(?P<n>(?<!\d)\d{{1,3}}|{'|'.join(sorted(COUNTS, key=len, reverse=True))})"
_UNIT = r"(?P<unit>시간|일|주일?|달|개월|년)"
_DAYS = rf"(?P<days>{'|'.join(DAYS)})"
_NTH = r"(?P<nth>첫\s?번?째?|둘째|두\s?번째|셋째|세\s?번째|넷째|네\s?번째|다섯\s?번?째|마지막)"
_DAY = r"(?P<day>[월화수목금토일])요일(?!마다)"
_OF_YEAR = r"(?:(?:(?P<year>20\d\d)\s*년|(?P<said>올해|작년|지난해|재작년))\s*)?"
_MONTH = _OF_YEAR + rf"(?P<month>(?<!\d)\d{{1,2}}|(?<![가-힣])(?:{'|'.join(MONTHS)}))\s*월{NO_MONTH}"
_ENDED = r"(?=[^가-힣]|에|의|부터|까지|쯤|경|$)"  # end of a word, or a particle
_LAST, _THIS = r"(?:지난|저번)", r"(?:이번|금)"
_BEFORE_LAST = r"(?:지지난|저저번)"
_NOT_COMING = "".join(
    rf"(?<!{said})" for said in ("다음 ", "다음", "다음 주 ", "다음주 ", "다음 달 ", "다음달 ", "오는 ", "매주 ", "격주 ", "담주 ", "매월 ")
)
_OF_NO_MONTH = rf"(?<![\d월.])(?<!월 )(?<!달 ){_NOT_COMING}"


def _count(match: re.Match[str]) -> Counts:
    text = match["n"]
    return (int(text), int(text)) if text.isdigit() else COUNTS[text]


def _year(match: re.Match[str], now: date) -> int | None:
    if match["year"]:
        return int(match["year"])
    return now.year - YEARS[match["said"]] if match["said"] else None


def _month(match: re.Match[str], now: date) -> Span:
    number = int(match["month"]) if match["month"].isdigit() else MONTHS[match["month"]]
    return calendar.month(_year(match, now) or last_year_of(number, now), number)


def _weekday(match: re.Match[str]) -> int:
    return WEEKDAYS.index(match["day"])


def _days(match: re.Match[str]) -> Counts:
    return DAYS[match["days"]], DAYS[match["days"]]


RULES: tuple[Rule, ...] = (
    rule(r"오늘", day(0)),
    rule(r"어제|어젯밤", day(1)),
    rule(r"(?<!엊)그저께|(?<!엊)그제", day(2)),
    rule(r"엊그제|엊그저께", lambda _, now: past("day", (3, 3), now)),
    rule(r"그끄저께|그끄제", day(3)),
    rule(rf"{_DAYS}\s*전", lambda match, now: ago("day", _days(match), now)),
    rule(r"보름\s*전", lambda _, now: calendar.about(now - timedelta(days=15))),
    rule(r"반년\s*전", month(6)),
    rule(r"며칠\s*전", lambda _, now: ago("day", FEW, now)),
    rule(rf"{_THIS}\s*주(?![말일])", week(0)),
    rule(rf"{_BEFORE_LAST}\s*주(?![말일])", week(2)),
    rule(rf"(?<!지){_LAST}\s*주(?![말일])", week(1)),
    rule(rf"{_THIS}\s*달|이달", month(0)),
    rule(rf"{_BEFORE_LAST}\s*달", month(2)),
    rule(rf"(?<!지){_LAST}\s*달", month(1)),
    rule(r"올해|금년", year(0)),
    rule(r"(?<!재)작년|지난해", year(1)),
    rule(r"재작년", year(2)),
    rule(rf"{_THIS}\s*학기", semester(0)),
    rule(rf"(?<!지){_LAST}\s*학기", semester(1)),
    rule(r"(?<![\d\w])월(?=초|말|중순)", month(0), "month", bare=True),
    rule(r"(?<![\d\w])연(?=초|말(?!연시))", year(0), "year", bare=True),
    rule(r"(?<![\d\w])주(?=초)", week(0), "week", bare=True),
    rule(rf"{_THIS}\s*주말", weekend(0)),
    rule(rf"(?<!지){_LAST}\s*주말", weekend(1)),
    rule(rf"{_BEFORE_LAST}\s*주?\s*주말", weekend(2)),
    rule(rf"{_NOT_COMING}주말(?!마다)", weekend(1)),
    rule(rf"{_NOT_COMING}(?:{_LAST}\s*)?{_DAY}", lambda match, now: weekday(_weekday(match), now), "week"),
    rule(rf"(?<![\d이삼사오육칠팔구십백]){_N}\s*{_UNIT}\s*전", lambda match, now: ago(UNITS[match["unit"]], _count(match), now)),
    rule(rf"(?:최근|지난|요\s*며칠)\s*{_N}\s*{_UNIT}(?:간|\s*동안)?", lambda match, now: past(UNITS[match["unit"]], _count(match), now)),
    rule(rf"(?:최근|지난)\s*{_DAYS}(?:간|\s*동안)?", lambda match, now: past("day", _days(match), now)),
    rule(r"(?:최근|지난|요)\s*며칠(?:간|\s*동안)?", lambda _, now: past("day", FEW, now)),
    rule(r"최근(?:에)?|요즘|며칠\s*사이", recently),
    rule(rf"{_MONTH}", _month, "year"),
    rule(
        rf"{_OF_YEAR}(?<!\d[-/.])(?P<month>(?<!\d)\d{{1,2}})\s*(?:월{NO_MONTH})?(?:\s*[~～–—,-]\s*|에서\s*|부터\s*)"
        rf"(?P<to>\d{{1,2}})\s*월{NO_MONTH}(?!\s*\d+\s*일)",
        lambda match, now: months_to(_month(match, now), int(match["to"])),
        "year",
    ),
    rule(
        rf"{_OF_NO_MONTH}(?P<d>\d{{1,2}})일(?=에(?!\s*(?:한|두|세|\d+)\s*번)|날|부터|까지|자|밤|저녁|오전|오후|\s*이후|\s*이전)(?!부터\s*\d+일)",
        lambda match, now: numbered_day(int(match["d"]), now),
        "month",
    ),
    rule(
        rf"{_OF_NO_MONTH}(?P<d>\d{{1,2}})일?\s*(?:부터|에서|~|-)\s*(?P<to>\d{{1,2}})일(?=까지|에|\s|$)",
        lambda match, now: numbered_days(int(match["d"]), int(match["to"]), now),
        "month",
    ),
    rule(
        rf"{_OF_YEAR}(?:지난\s*)?(?P<season>봄|여름|가을|겨울)(?=[에의철 ]|$)",
        lambda match, now: season(SEASONS[match["season"]], now, _year(match, now)),
        "year",
    ),
    rule(
        rf"{_OF_YEAR}(?:지난\s*)?(?P<season>여름|겨울)\s*방학",
        lambda match, now: between_semesters(SEASONS[match["season"]], now, _year(match, now)),
        "year",
    ),
    rule(
        rf"{_OF_YEAR}(?:지난\s*)?(?P<holiday>{'|'.join(HOLIDAYS)})(?:\s*연휴)?",
        lambda match, now: holiday(HOLIDAYS[match["holiday"]], now, _year(match, now)),
    ),
    rule(rf"{_OF_YEAR}(?P<half>[상하])반기", lambda match, now: half(1 if match["half"] == "상" else 2, now, _year(match, now)), "year"),
    rule(rf"{_OF_YEAR}(?P<n>[1-4])\s*분기", lambda match, now: quarter(_count(match)[0], now, _year(match, now)), "year"),
    rule(r"(?P<year>20\d\d)\s*년(?!\s*(?:\d|[봄여가겨상하]))", lambda match, _: calendar.year(int(match["year"]))),
)


def _ends(match: re.Match[str], span: Span, which: int) -> Span:
    return parts.ends(span, UNITS[match["unit"]], _count(match)[1], which)


AFTER: tuple[Part, ...] = (
    after(
        rf"\s*(?P<third>초순|상순|초반|초|중순|중반|하순|말){_ENDED}",
        lambda match, span: parts.third(span, THIRDS[match["third"]]),
    ),
    after(
        rf"\s*(?P<half>전반|후반|상반|하반)(?:기|월|부)?{_ENDED}",
        lambda match, span: parts.half(span, 1 if match["half"] in ("전반", "상반") else 2),
    ),
    after(rf"\s*{_NTH}\s*주(?![말일])", lambda match, span: parts.nth_week(span, ORDINALS[match["nth"][0]])),
    after(r"\s*(?P<n>[1-5])\s*주차?(?![가-힣]|\s*(?:전|동안|간))", lambda match, span: parts.nth_week(span, int(match["n"]))),
    after(rf"\s*{_NTH}\s*{_DAY}", lambda match, span: parts.weekday(span, _weekday(match), ORDINALS[match["nth"][0]])),
    after(rf"\s*마지막\s*{_N}\s*(?P<unit>일|주일?|달|개월)", lambda match, span: _ends(match, span, -1)),
    after(rf"\s*(?:첫|처음)\s*{_N}\s*(?P<unit>일|주일?|달|개월)", lambda match, span: _ends(match, span, 1)),
    after(r"의?\s+주말", lambda _, span: parts.weekend(span, 1)),
    after(rf"의?\s*{_DAY}", lambda match, span: parts.only_weekday(span, _weekday(match))),
    after(rf"\s*\(?(?:{_DAY}|[월화수목금토일]\))\)?", lambda _, span: parts.whole(span)),
    after(r"\s*(?P<d>\d{1,2})\s*일(?!간)", lambda match, span: parts.numbered_days(span, int(match["d"]))),
    after(
        r"\s*(?P<d>\d{1,2})\s*일?\s*(?:부터|에서|~|-)\s*(?P<to>\d{1,2})\s*일",
        lambda match, span: parts.numbered_days(span, int(match["d"]), int(match["to"])),
    ),
    after(r"(?:이|가)?\s*(?:있는|있던|낀|속한)\s*주(?!말)|\s*주간", lambda _, span: parts.week_around(span)),
)
