"""Words for a day or a stretch of days: `monday`, `yesterday`, `3d`, `last week`, `2026-03-09`, 昨天, 지난주."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from scratchlab.checks import Problem, nearest
from scratchlab.notebook.events import Span

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CHINESE, _KOREAN = "一二三四五六日", "월화수목금토일"
_HOURS = {"h": 1, "d": 24, "w": 168}

UNDERSTOOD = (
    "today, yesterday, monday … sunday, this week, last week, this month, last month, 12h, 3d, 2w, 2026-03, 2026-03-09, "
    "2026-03-09 14:30; 今天, 昨天, 前天, 周一, 本周, 上周; 오늘, 어제, 그저께, 월요일, 이번 주, 지난주"
)


def _day(ago: int) -> Callable[[datetime], Span]:
    """The whole day so many days before."""

    def found(midnight: datetime) -> Span:
        start = midnight - timedelta(ago)
        return Span(start, start + timedelta(1))

    return found


def _week(ago: int) -> Callable[[datetime], Span]:
    """The week from Monday, so many weeks before this one."""

    def found(midnight: datetime) -> Span:
        start = midnight - timedelta(midnight.weekday() + 7 * ago)
        return Span(start, start + timedelta(7))

    return found


def _month(ago: int) -> Callable[[datetime], Span]:
    """The month, so many months before this one."""

    def found(midnight: datetime) -> Span:
        count = midnight.year * 12 + midnight.month - 1 - ago
        return Span(midnight.replace(count // 12, count % 12 + 1, 1), midnight.replace((count + 1) // 12, (count + 1) % 12 + 1, 1))

    return found


def _weekday(number: int) -> Callable[[datetime], Span]:
    """The last day of that name, today if it is one."""
    return lambda midnight: _day((midnight.weekday() - number) % 7)(midnight)


def _names(number: int) -> tuple[str, ...]:
    """A weekday's, as they are said and written; Monday is 0."""
    chinese, korean = _CHINESE[number], _KOREAN[number]
    return (_DAYS[number], _DAYS[number][:3], f"周{chinese}", f"星期{chinese}", f"{korean}요일")


_WORDS: dict[str, Callable[[datetime], Span]] = {
    **dict.fromkeys(("today", "今天", "오늘"), _day(0)),
    **dict.fromkeys(("yesterday", "昨天", "어제"), _day(1)),
    **dict.fromkeys(("前天", "그저께", "그제"), _day(2)),
    **dict.fromkeys(("thisweek", "本周", "这周", "这个星期", "이번주"), _week(0)),
    **dict.fromkeys(("lastweek", "上周", "上个星期", "上星期", "지난주"), _week(1)),
    **dict.fromkeys(("thismonth", "本月", "这个月", "이번달"), _month(0)),
    **dict.fromkeys(("lastmonth", "上月", "上个月", "지난달"), _month(1)),
    **{name: _weekday(number) for number in range(7) for name in _names(number)},
}


def span(words: str, now: datetime) -> Span:
    """The stretch of time that the words mean, in local time; a number of hours, days or weeks reaches up to now.

    Raises Problem listing what is understood.

    >>> span("last week", datetime(2026, 3, 12, 15)).start, span("3d", datetime(2026, 3, 12, 15)).start
    (datetime.datetime(2026, 3, 2, 0, 0), datetime.datetime(2026, 3, 9, 15, 0))
    """
    said = re.sub(r"\s+", "", words).lower()
    if said in _WORDS:
        return _WORDS[said](now.replace(hour=0, minute=0, second=0, microsecond=0))
    try:
        if found := re.fullmatch(r"(\d+)([hdw])", said):
            return Span(now - timedelta(hours=int(found[1]) * _HOURS[found[2]]), now)
        if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})", said):
            return _month(0)(datetime(int(found[1]), int(found[2]), 1))
        if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:T?(\d{1,2}):(\d{2}))?", said, re.IGNORECASE):
            year, month, day, hour, minute = (int(number) if number else 0 for number in found.groups())
            start = datetime(year, month, day, hour, minute)
            return Span(start, start + (timedelta(minutes=1) if found[4] else timedelta(1)))
    except (ValueError, OverflowError) as error:
        raise Problem(f"'{words}' is no date: {error}") from None
    known = [word for word in _WORDS if word.isascii()]
    raise Problem(f"'{words}' is no time that is understood.{nearest(said, known)} Understood are: {UNDERSTOOD}")
