"""Dates in notes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.notebook.dates.written import latest, nearest, written

NEAR = nearest(date(2025, 4, 1))


def found(text: str) -> list[tuple[str, str]]:
    """First and last day of each date, and its text."""
    return [(one.span.days, text[one.start : one.end]) for one in written(text, NEAR, leading=True)]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2025-03-08", "2025-03-08"),
        ("2025/04/07 formants", "2025-04-07"),
        ("2025.1.9", "2025-01-09"),
        ("20250308", "2025-03-08"),
        ("2025_03_08", "2025-03-08"),
        ("2025-03-14T10:22", "2025-03-14"),
        ("03-09", "2025-03-09"),
        ("## 03-09 ~ 03-12", "2025-03-09 to 2025-03-12"),
        ("3/9 Mon", "2025-03-09"),
        ("Tue 3/10", "2025-03-10"),
        ("March 9, 2025", "2025-03-09"),
        ("April 7th", "2025-04-07"),
        ("7 Apr 2025 (Mon)", "2025-04-07"),
        ("Sept 3", "2025-09-03"),
        ("2025年4月7日", "2025-04-07"),
        ("4月7日", "2025-04-07"),
        ("10月3号", "2024-10-03"),
        ("2025년 4월 7일 (월)", "2025-04-07"),
        ("4월 7일", "2025-04-07"),
        ("2022-04-XX repeated crashes", "2022-04-01 to 2022-04-30"),
        ("March 2025", "2025-03-01 to 2025-03-31"),
        ("2025-03", "2025-03-01 to 2025-03-31"),
        ("2025-03-10 ~ 03-14", "2025-03-10 to 2025-03-14"),
        ("2025-03-10 - 14", "2025-03-10 to 2025-03-14"),
        ("2026-01-19 to 2026-01-22: sweep", "2026-01-19 to 2026-01-22"),
        ("3月10日-14日", "2025-03-10 to 2025-03-14"),
        ("2025年3月10日~14日", "2025-03-10 to 2025-03-14"),
        ("4월 7일 ~ 4월 9일", "2025-04-07 to 2025-04-09"),
        ("March 10–14, 2025", "2025-03-10 to 2025-03-14"),
        ("10–14 March 2025", "2025-03-10 to 2025-03-14"),
        ("2025-12-29 ~ 01-03", "2025-12-29 to 2026-01-03"),
        ("10-14 March", "2025-03-10 to 2025-03-14"),
        ("10-14th of March", "2025-03-10 to 2025-03-14"),
        ("12-15 April: sprint", "2025-04-12 to 2025-04-15"),
        ("09-12 May 2025", "2025-05-09 to 2025-05-12"),
        ("03-09 may need more", "2025-03-09"),
        ("from 3 to 1 march", "2025-03-01"),  # ranges do not run backwards, nor a year ahead
        ("March 10 - 5 runs", "2025-03-10"),
    ],
)
def test_dates_are_read(text: str, days: str) -> None:
    assert [one for one, _ in found(text)] == [days]


@pytest.mark.parametrize(
    "text",
    [
        "lr 3e-4",
        "3.9 Results",
        "march on",
        "may be 3 times",
        "2025-13-45",
        "2025-02-30",
        "1/2 of it",
        "4/10 tests pass",
        "version 1.2.3",
        "at 10:30",
        "NNODES=16",
        "epoch 03-09",
        "",
    ],
)
def test_texts_without_dates(text: str) -> None:
    assert found(text) == []


def test_missing_years() -> None:
    """Nearest to a known date in notes; the last one in questions."""
    assert written("01-02", nearest(date(2024, 12, 30)), leading=True)[0].span.days == "2025-01-02"
    assert written("December 24", nearest(date(2025, 1, 3)))[0].span.days == "2024-12-24"
    assert written("3月9日", latest(date(2025, 3, 8)))[0].span.days == "2024-03-09"
    assert written("3月9日", latest(date(2025, 3, 9)))[0].span.days == "2025-03-09"


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)))
def test_every_day_in_every_form(day: date) -> None:
    forms = [
        day.isoformat(),
        day.strftime("%Y/%m/%d"),
        f"{day.year}.{day.month}.{day.day}",
        f"{day:%B} {day.day}, {day.year}",
        f"{day.day} {day:%b} {day.year}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}년 {day.month}월 {day.day}일",
    ]
    assert {one for form in forms for one, _ in found(f"## {form} notes")} == {day.isoformat()}


@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    for one in written(text, NEAR, leading=True):
        assert 0 <= one.start < one.end <= len(text)
