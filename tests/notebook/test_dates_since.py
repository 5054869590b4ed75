"""Time expressions of options, on a Thursday afternoon."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.checks import Problem
from scratchlab.notebook.dates.since import ACCEPTED, day, span
from scratchlab.notebook.events import Span

NOW = datetime(2026, 3, 12, 15, 30)


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("today 今天 오늘", "2026-03-12", "2026-03-12"),
        ("Yesterday 昨天 어제 2026-03-11 2026/3/11 2026.3.11", "2026-03-11", "2026-03-11"),
        ("前天 그저께", "2026-03-10", "2026-03-10"),
        ("monday Mon 周一 星期一 월요일", "2026-03-09", "2026-03-09"),
        ("thursday THU 周四 목요일", "2026-03-12", "2026-03-12"),
        ("friday 周五 금요일", "2026-03-06", "2026-03-06"),
        ("sunday 周日 일요일", "2026-03-08", "2026-03-08"),
        ("this_week 本周 이번_주", "2026-03-09", "2026-03-15"),
        ("last_week 上周 上个星期 지난주 지난_주", "2026-03-02", "2026-03-08"),
        ("this_month 本月 이번_달 2026-03", "2026-03-01", "2026-03-31"),
        ("last_month 上个月 지난달", "2026-02-01", "2026-02-28"),
        ("2025-12", "2025-12-01", "2025-12-31"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
    ],
)
def test_days_weeks_and_months(words: str, first: str, last: str) -> None:
    for word in words.split():
        expected = Span(datetime.fromisoformat(first), datetime.fromisoformat(last) + timedelta(1))
        assert span(word.replace("_", " "), NOW) == expected, word


def test_spans_up_to_now() -> None:
    assert span("12h", NOW) == Span(datetime(2026, 3, 12, 3, 30), NOW)
    assert span("3d", NOW) == Span(datetime(2026, 3, 9, 15, 30), NOW)
    assert span(" 2 W ", NOW).start == datetime(2026, 2, 26, 15, 30)
    assert span("2026-03-09 14:30", NOW).start == datetime(2026, 3, 9, 14, 30)
    assert span("2026-03-09T14:30", NOW).end == datetime(2026, 3, 9, 14, 31)


def test_months_across_the_turn_of_a_year() -> None:
    assert span("last month", datetime(2026, 1, 31, 9)) == Span(datetime(2025, 12, 1), datetime(2026, 1, 1))
    assert span("this month", datetime(2025, 12, 31, 9)) == Span(datetime(2025, 12, 1), datetime(2026, 1, 1))


@pytest.mark.parametrize("words", ["", "soon", "3x", "2026-02-30", "2026-13", "2026-03-09 25:00", "9999999999d", "d", "next week"])
def test_unknown_expressions_are_errors(words: str) -> None:
    with pytest.raises(Problem, match=r"is not a valid date|Accepted are: today, yesterday"):
        span(words, NOW)


def test_typos_get_a_suggestion() -> None:
    with pytest.raises(Problem, match="Did you mean 'yesterday'"):
        span("yesterdya", NOW)


def test_all_listed_forms_are_accepted() -> None:
    for word in ACCEPTED.replace(" … ", ", ").replace("; ", ", ").split(", "):
        assert span(word, NOW).start < NOW


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(["today", "monday", "sunday", "last week", "2w", "this month"]),
)
def test_every_span_begins_before_now(now: datetime, words: str) -> None:
    found = span(words, now)
    assert found.start <= now
    assert found.start < found.end


@pytest.mark.parametrize("words", ["yesterday", "2026-03-11", "어제", "last wednesday", "周三", "1 day ago"])
def test_one_day(words: str) -> None:
    assert day(words, NOW) == date(2026, 3, 11)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("last week", "is not one day but 2026-03-02 to 2026-03-08; name one day, as in 2026-03-02"),
        ("3d", "is not one day but"),
        ("2026-03-13", "2026-03-13 is in the future; today is 2026-03-12"),
        ("soon", "is not a known time expression"),
    ],
)
def test_times_that_are_not_one_past_day(words: str, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        day(words, NOW)
