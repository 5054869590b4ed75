"""Time expressions in Chinese."""

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

DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "几": 3}
WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "1": 0, "2": 1, "3": 2, "4": 3, "5": 4, "6": 5, "7": 6}
UNITS = {
    "小时": "hour",
    "钟头": "hour",
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "礼拜": "week",
    "月": "month",
    "年": "year",
}
SEASONS = {"春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter"}
BREAKS = {"暑": "summer", "寒": "winter"}
THIRDS = {"上旬": 1, "初": 1, "中旬": 2, "中": 2, "下旬": 3, "底": 3, "末": 3}
YEARS = {"今": 0, "去": 1, "前": 2}
HOLIDAYS = {
    "元旦": "new year",
    "跨年": "new year",
    "春节": "lunar new year",
    "过年": "lunar new year",
    "五一": "labour day",
    "劳动节": "labour day",
    "中秋": "mid-autumn",
    "国庆": "national day",
    "十一": "national day",
    "圣诞": "christmas",
}

_NUMBER = r"(?<![一二两三四五六七八九十百千万几])(?:[一二两三四五六七八九]?十[一二两三四五六七八九几]?|[一二两三四五六七八九几])"
_PAIR = r"(?<![一二两三四五六七八九十百千万几])[一两二三四五六七八][两二三四五六七八九]"  # two or three
_N = rf"(?<!\d\.)(?<![一二两三四五六七八九十]点)(?P<n>(?<!\d)\d{{1,3}}|{_PAIR}(?=\s*[天周个年小])|{_NUMBER})"
_UNIT = r"(?P<unit>个?小时|个?钟头|天|周(?![期年边围长报])|个?星期|个?礼拜|个月|年)"
_WEEK = r"(?:(?:周(?![期年边围长])|星期|礼拜))"
_COUNTED = "天周个年月次轮组篇项台张种块版条份人"  # `上周三次实验` is three of them, of last week
_DAY = rf"(?P<day>[一二三四五六日天1-7])(?![\d直起共样些切定般边旦{_COUNTED}]|[两二三四五六七八九]天)(?<!日(?=[志程常记报]))"
_OF_YEAR = r"(?:(?:(?P<year>20\d\d)\s*年|(?P<said>[今去前])年)\s*的?\s*)?"
_MONTH = _OF_YEAR + r"(?P<month>(?<!\d)\d{1,2}|" + _NUMBER + rf")\s*月{NO_MONTH}份?"
_D = r"(?P<d>(?<!\d)\d{1,2}|三十[一]?|" + _NUMBER + r")\s*[日号號]"
_THIS, _LAST = r"(?:这个|这一|这|本)", r"(?:上一个|上个|上一|上)"
_TO = r"\s*(?:到|至|-|~|–|—|～)\s*"
_MOMENT = r"(?=那天|当天|那一?周|晚|早上|上午|下午|中午|凌晨|之前|之后|以前|以后|开始|以来|我|的会)"


def number(text: str) -> int:
    """Parses `12`, `十二`, `二十`."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.partition("十")
    return 10 * DIGITS[tens or "一"] + DIGITS[ones or "零"] if ten else DIGITS[text]


def _count(match: re.Match[str]) -> Counts:
    """Parses `3`, `几`, `两三`, `十几`."""
    text = match["n"]
    if text == "几":
        return FEW
    if text.endswith("十几"):
        return number(text[:-1]) + 1, number(text[:-1]) + 9
    if len(text) == 2 and not text.isdigit() and "十" not in text:
        return number(text[0]), number(text[1])
    return number(text), number(text)


def _number(match: re.Match[str]) -> int:
    return number(match["n"])


def _unit(match: re.Match[str]) -> str:
    return UNITS[match["unit"].removeprefix("个")]


def _year(match: re.Match[str], now: date) -> int | None:
    if match["year"]:
        return int(match["year"])
    return now.year - YEARS[match["said"]] if match["said"] else None


def _month(match: re.Match[str], now: date) -> Span:
    named = number(match["month"])
    return calendar.month(_year(match, now) or last_year_of(named, now), named)


def _weekday(match: re.Match[str]) -> int:
    return WEEKDAYS[match["day"]]


def _from_to(match: re.Match[str], now: date) -> Span:
    return numbered_days(number(match["d"]), number(match["to"]), now)


RULES: tuple[Rule, ...] = (
    rule(r"今[天日晚早](?![线])", day(0)),
    rule(r"昨[天日晚]", day(1)),
    rule(r"大前天", day(3)),
    rule(r"(?<!大)前[天晚]", day(2)),
    rule(rf"{_THIS}{_WEEK}", week(0)),
    rule(rf"上上(?:个|一)?{_WEEK}", week(2)),
    rule(rf"(?<!上){_LAST}{_WEEK}", week(1)),
    rule(rf"{_THIS}月(?!球|亮)", month(0)),
    rule(r"上上个?月", month(2)),
    rule(rf"(?<!上){_LAST}月", month(1)),
    rule(r"今年", year(0)),
    rule(r"去年", year(1)),
    rule(r"前年", year(2)),
    rule(rf"{_THIS}学期", semester(0)),
    rule(rf"{_LAST}学期", semester(1)),
    rule(r"(?<![个上下本这每整当半前后\d一二三四五六七八九十两几])月(?=初|底|末|中旬|上旬|下旬)", month(0), "month", bare=True),
    rule(r"(?<![个上下本这每整当半前后明今去\d一二三四五六七八九十零两几年])年(?=初|底|末)", year(0), "year", bare=True),
    rule(r"(?<![上下本这每个\d一二两三四五六七八九十])周(?=初)", week(0), "week", bare=True),
    rule(
        r"(?<![月\d下每])(?P<half>[上下])半个?月",
        lambda match, now: parts.half(month(0)(match, now), 1 if match["half"] == "上" else 2),
        "month",
    ),
    rule(rf"上上(?:个)?{_WEEK}末", weekend(2)),
    rule(rf"(?<!上){_LAST}{_WEEK}末", weekend(1)),
    rule(rf"{_THIS}{_WEEK}末", weekend(0)),
    rule(rf"(?<![上这本个下每一]){_WEEK}末", weekend(1)),
    rule(rf"(?<![上这本个第一二两三四五六七八九十几下每隔\d]){_WEEK}{_DAY}", lambda match, now: weekday(_weekday(match), now), "week"),
    rule(rf"{_N}\s*{_UNIT}\s*(?:之?前|以前)", lambda match, now: ago(_unit(match), _count(match), now)),
    rule(r"半个月(?:之?前|以前)", lambda _, now: calendar.about(now - timedelta(days=15))),
    rule(r"半年(?:之?前|以前)", month(6)),
    rule(r"前几天", lambda _, now: ago("day", FEW, now)),
    rule(r"前两天", lambda _, now: ago("day", (1, 2), now)),
    rule(rf"(?:最近|过去|近|这)(?:的)?\s*{_N}\s*{_UNIT}(?:里(?!程)|内)?", lambda match, now: past(_unit(match), _count(match), now)),
    rule(r"(?:最近|近来|近期|这阵子|这段时间|这些天)", recently),
    rule(_MONTH, _month, "year"),
    rule(
        rf"{_OF_YEAR}(?<!\d[-/.])(?<![周期拜第])(?P<month>(?<!\d)\d{{1,2}}|{_NUMBER})\s*(?:月{NO_MONTH}份?)?(?:{_TO}|\s*[,，、和或]\s*)"
        rf"(?P<to>(?<!\d)\d{{1,2}}|{_NUMBER})\s*月{NO_MONTH}份?(?!\s*\d+\s*[日号])",
        lambda match, now: months_to(_month(match, now), number(match["to"])),
        "year",
    ),
    rule(rf"(?<![月\d第.年]){_D}{_MOMENT}", lambda match, now: numbered_day(number(match["d"]), now), "month"),
    rule(rf"(?<![月\d第.年]){_D}{_TO}{_D.replace('?P<d>', '?P<to>')}", _from_to, "month"),
    rule(
        rf"{_OF_YEAR}(?P<season>[春夏秋冬])(?:天|季)", lambda match, now: season(SEASONS[match["season"]], now, _year(match, now)), "year"
    ),
    rule(rf"{_OF_YEAR}(?P<break>[暑寒])假", lambda match, now: between_semesters(BREAKS[match["break"]], now, _year(match, now)), "year"),
    rule(
        rf"{_OF_YEAR}(?P<holiday>元旦|跨年|春节|(?<![不难])过年|(?<![周期拜五十百千零一二三四六七八九\d第])五一(?![十百千万个起些直点样般班])|"
        r"劳动节|中秋|国庆|圣诞|(?<![二三四五六七八九])十一(?=期间|假期|长假|黄金周|放假))节?(?:假期|长假|黄金周|放假)?",
        lambda match, now: holiday(HOLIDAYS[match["holiday"]], now, _year(match, now)),
    ),
    rule(rf"{_OF_YEAR}(?P<half>[上下])半年", lambda match, now: half(1 if match["half"] == "上" else 2, now, _year(match, now)), "year"),
    rule(rf"{_OF_YEAR}第?(?P<n>[一二三四1-4])季度", lambda match, now: quarter(_number(match), now, _year(match, now)), "year"),
    rule(r"(?P<year>20\d\d)\s*年(?!\s*(?:\d|第|[春夏秋冬]|[上下]半年|级))", lambda match, _: calendar.year(int(match["year"]))),
)


AFTER: tuple[Part, ...] = (
    after(rf"的{_WEEK}末", lambda _, span: parts.weekend(span, 1)),  # must precede the rule for 末, as both matches are equally long
    after(
        r"的?[月年周]?(?P<third>上旬|中旬|下旬|初(?![始步])|中(?![间国文心断期等])|底(?![层座])|末)",
        lambda match, span: parts.third(span, THIRDS[match["third"]]),
    ),
    after(
        r"的?(?P<half>[上下前后])半(?:个?月|年|周|段)?(?![部程径])",
        lambda match, span: parts.half(span, 1 if match["half"] in "上前" else 2),
    ),
    after(rf"的?第\s*(?P<n>[一二三四五1-5])\s*个?{_WEEK}", lambda match, span: parts.nth_week(span, _number(match))),
    after(
        r"的?第\s*(?P<n>[一二三四五1-5])\s*个?(?:周|星期|礼拜)" + _DAY,
        lambda match, span: parts.weekday(span, _weekday(match), _number(match)),
    ),
    after(rf"的?最后\s*(?P<n>\d{{1,2}}|{_NUMBER})?\s*(?P<unit>天|个?周|个?星期|个?礼拜|个月)", lambda match, span: _ends(match, span, -1)),
    after(rf"的?[前头]\s*(?P<n>\d{{1,2}}|{_NUMBER})\s*(?P<unit>天|个?周|个?星期|个?礼拜|个月)", lambda match, span: _ends(match, span, 1)),
    after(rf"的?(?:周|星期|礼拜)?{_DAY}", lambda match, span: parts.only_weekday(span, _weekday(match))),
    after(rf"\s*[（(]?(?:周|星期|礼拜){_DAY}[)）]?", lambda _, span: parts.whole(span)),
    after(rf"的?{_D}", lambda match, span: parts.numbered_days(span, number(match["d"]))),
    after(
        rf"的?{_D[: -len('[日号號]')]}[日号號]?{_TO}{_D.replace('?P<d>', '?P<to>')}",
        lambda match, span: parts.numbered_days(span, number(match["d"]), number(match["to"])),
    ),
    after(r"的?(?:那一?|当|所在的?)(?:周|个?星期|个?礼拜)", lambda _, span: parts.week_around(span)),
)


def _ends(match: re.Match[str], span: Span, which: int) -> Span:
    return parts.ends(span, _unit(match), number(match["n"]) if match["n"] else 1, which)
