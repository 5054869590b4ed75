"""Time expressions in questions, in three languages, on Wednesday, 12 March 2025."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchlab.notebook.dates.windows import LONGEST, window
from scratchlab.notebook.dates.windows.found import RULES
from scratchlab.notebook.dates.windows.rules import Rule

NOW = datetime(2025, 3, 12, 10, 30)


@pytest.mark.parametrize(
    ("question", "days", "rest"),
    [
        ("what did I do last week?", "2025-03-03 to 2025-03-09", "what did I do ?"),
        ("what did I do yesterday", "2025-03-11", "what did I do"),
        ("the day before yesterday, what broke", "2025-03-10", "what broke"),
        ("what happened on March 9?", "2025-03-09", "what happened ?"),
        ("what ran between 10 and 14 March", "2025-03-10 to 2025-03-14", "what ran"),
        ("between March 3 and March 7 what failed", "2025-03-03 to 2025-03-07", "what failed"),
        ("from 3 March to 7 March results", "2025-03-03 to 2025-03-07", "results"),
        ("what did I try in December", "2024-12-01 to 2024-12-31", "what did I try"),
        ("plans in early February", "2025-02-01 to 2025-02-10", "plans"),
        ("the second week of February", "2025-02-08 to 2025-02-14", ""),
        ("in spring 2024 what", "2024-03-01 to 2024-05-31", "what"),
        ("two weeks ago what ran", "2025-02-24 to 2025-03-02", "what ran"),
        ("what crashed since monday", "2025-03-10 to 2025-03-12", "what crashed"),
        ("which lr before 2025-03-01", "until 2025-02-28", "which lr"),
        ("what did I do on Tuesday", "2025-03-11", "what did I do"),
        ("Friday of last week", "2025-03-07", ""),
        ("Q1 2025 goals", "2025-01-01 to 2025-03-31", "goals"),
        ("昨天做了什么", "2025-03-11", "做了什么"),
        ("3月第二周我在做什么", "2025-03-08 to 2025-03-14", "我在做什么"),
        ("上周五的会议", "2025-03-07", "会议"),
        ("三天前跑了什么", "2025-03-09", "跑了什么"),
        ("最近两周的进展", "2025-02-26 to 2025-03-12", "进展"),
        ("去年十二月学到了什么", "2024-12-01 to 2024-12-31", "学到了什么"),
        ("2月上旬的实验", "2025-02-01 to 2025-02-10", "实验"),
        ("3月10日到14日", "2025-03-10 to 2025-03-14", ""),
        ("3月8日之后", "2025-03-08 to 2025-03-12", ""),
        ("어제 뭐 했어", "2025-03-11", "뭐 했어"),
        ("지난주 금요일에 뭐 했지", "2025-03-07", "뭐 했지"),
        ("3월 첫째 주에 무엇을", "2025-03-01 to 2025-03-07", "무엇을"),
        ("지난달 서버", "2025-02-01 to 2025-02-28", "서버"),
        ("최근 3일 동안", "2025-03-09 to 2025-03-12", ""),
        ("3월 10일부터 14일까지", "2025-03-10 to 2025-03-14", ""),
        ("작년 12월", "2024-12-01 to 2024-12-31", ""),
        ("사흘 전", "2025-03-09", ""),
    ],
)
def test_times_in_questions(question: str, days: str, rest: str) -> None:
    found = window(question, NOW)
    assert found.span is not None
    assert (found.span.days, found.rest) == (days, rest)


@pytest.mark.parametrize(
    "question",
    ["why is lr 3e-4 bad", "may I use DTW?", "the march of progress", "the second stage", "为什么放弃", "왜 포기했지", "mon ami", ""],
)
def test_questions_without_a_time(question: str) -> None:
    assert window(question, NOW).span is None
    assert window(question, NOW).rest == question


@given(st.text(max_size=80), st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)))
def test_any_question_can_be_asked(question: str, now: datetime) -> None:
    found = window(question, now)
    assert found.span is None or found.span.start <= found.span.end


@settings(max_examples=50)  # some hundred questions each
@given(st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)))
def test_the_same_day_in_three_languages(now: datetime) -> None:
    for said in (
        ("yesterday", "昨天", "어제"),
        ("last week", "上周", "지난주"),
        ("last month", "上个月", "지난달"),
        ("3 weeks ago", "3周前", "3주 전"),
        ("in autumn", "秋天", "가을에"),
        ("a week ago", "一周前", "일주일 전"),
        ("a few days ago", "前几天", "며칠 전"),
        ("the past few days", "这几天", "요 며칠"),
        ("two or three days ago", "两三天前", "이삼일 전"),
        ("half a year ago", "半年前", "반년 전"),
        ("the Friday of last week", "上周五", "지난주 금요일"),
        ("the weekend before last", "上上周末", "지지난 주말"),
        ("early last week", "上周初", "지난주 초"),
        ("the second half of last week", "上周后半周", "지난주 후반"),
        ("from Monday to Wednesday", "周一到周三", "월요일부터 수요일까지"),
        ("Monday to Wednesday last week", "上周一到周三", "지난주 월요일부터 수요일까지"),
        ("early last month", "上个月初", "지난달 초"),
        ("the end of last month", "上个月底", "지난달 말"),
        ("the second week of last month", "上个月第二周", "지난달 둘째 주"),
        ("the 10th of last month", "上个月10号", "지난달 10일"),
        ("the end of the month", "月底", "월말"),
        ("by the end of the month", "截止到月底", "월말까지"),
        ("in the first half of May", "5月上半月", "5월 전반"),
        ("the last two weeks of March", "3月最后两周", "3월 마지막 2주"),
        ("by the end of June", "截止到6月底", "6월 말까지"),
        ("since the start of May", "从5月初开始", "5월 초부터"),
        ("from March to May", "3月到5月", "3월부터 5월까지"),
        ("the end of last year", "去年底", "작년 말"),
        ("this semester", "这学期", "이번 학기"),
        ("over New Year", "元旦", "신정에"),
        ("at Christmas", "圣诞节", "크리스마스에"),
    ):
        spans = {found.span for one in said if (found := window(one, now))}
        assert len(spans) == 1, (said, spans)
        assert None not in spans


@pytest.mark.parametrize("question", ["九九九九天前", "二二月", "十十天前", "十二三天前", "1234天前", "2025-99-99", "第九十九季度"])
def test_invalid_numbers_are_no_times(question: str) -> None:
    assert window(question, NOW).span is None


def test_chinese_numbers() -> None:
    said = {"九天前": "2025-03-03", "十天前": "2025-03-02", "十二天前": "2025-02-28", "二十天前": "2025-02-20", "二十一天前": "2025-02-19"}
    for question, day in said.items():
        span = window(question, NOW).span
        assert span is not None
        assert span.days == day


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.pattern.pattern[:40])
@given(data=st.data())
@settings(max_examples=30)
def test_every_match_of_a_rule_has_a_meaning(rule: Rule, data: st.DataObject) -> None:
    """Every match has a meaning, except for days that are not in the calendar."""
    alphabet = st.characters(codec="utf-8", max_codepoint=0xFFFF, exclude_characters="ſKıİ")  # they count as letters that they are not
    match = rule.pattern.search(data.draw(st.from_regex(rule.pattern, alphabet=alphabet)))
    assert match
    with contextlib.suppress(ValueError, OverflowError):
        rule.meaning(match, NOW.date())


@pytest.mark.parametrize("unit", ["1 ", "9月", "3월 ", "今年", "2025-01-01 to ", "between a and ", "last ", " ", "the "])
def test_only_the_beginning_of_a_pasted_text_is_searched(unit: str) -> None:
    """Half a second at most; quadratic time would take a minute."""
    begun = time.process_time()
    window(f"yesterday {unit * 50_000}", NOW)
    assert time.process_time() - begun < 15


def test_times_beyond_the_beginning_of_a_long_text_are_ignored() -> None:
    assert window("a " * LONGEST + "yesterday", NOW).span is None
    assert window("yesterday " + "a " * LONGEST, NOW).rest.count("a") == LONGEST


@pytest.mark.parametrize("said", ["3월 첫 주", "3월 첫번 주", "3월 첫\u00a0번째 주", "3월 첫째 주"])
def test_ordinals_are_recognized_by_their_first_character(said: str) -> None:
    assert window(said, NOW).span == window("3월 1주차", NOW).span


def test_case_folded_letters_are_harmless() -> None:
    window("the laſt week of May, the fir\u017ft half of the year, laſt ſeven days", NOW)
