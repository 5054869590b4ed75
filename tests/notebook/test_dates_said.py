"""Time expressions in three languages, and phrases that are none: the lines of `dates_said.txt`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from scratchlab.notebook.dates.windows import window

NOW = datetime(2025, 6, 18, 10, 30)
NONE = "none"


def lines() -> Iterator[tuple[str, str]]:
    """Yields each line with its section title."""
    title = ""
    for line in (Path(__file__).parent / "dates_said.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            title = line.strip("[]")
        elif line and not line.startswith("#"):
            yield title, line


@pytest.mark.parametrize("line", [line for title, line in lines() if title != NONE])
def test_expressions_mean_these_days(line: str) -> None:
    question, days = line.rsplit(" | ", 1)
    found = window(question, NOW)
    assert found.span is not None
    assert found.span.days == days


@pytest.mark.parametrize("line", [line for title, line in lines() if title == NONE])
def test_phrases_that_only_look_like_times(line: str) -> None:
    assert window(line, NOW).span is None


def test_each_language_has_enough_lines() -> None:
    titles = [title for title, _ in lines()]
    assert min(titles.count(title) for title in ("English", "Chinese", "Korean")) >= 60


@pytest.mark.parametrize(
    ("question", "days", "rest"),
    [
        ("what is due by 30 June, as of yesterday?", "2025-06-17", "what is due by 30 June, as ?"),
        ("昨天开会说7月底之前要交什么", "2025-06-17", "开会说7月底之前要交什么"),
        ("어제 회의에서 7월 말까지 하라고 한 것", "2025-06-17", "회의에서 7월 말까지 하라고 한 것"),
    ],
)
def test_due_dates_yield_to_other_times_and_stay_in_the_question(question: str, days: str, rest: str) -> None:
    found = window(question, NOW)
    assert found.span is not None
    assert (found.span.days, found.rest) == (days, rest)


@pytest.mark.parametrize(
    ("now", "said", "days"),
    [
        (datetime(2024, 5, 5), "by the end of June", "until 2024-06-30"),
        (datetime(2024, 5, 5), "by the end of May", "until 2024-05-31"),
        (datetime(2024, 7, 5), "by the end of June", "until 2024-06-30"),
        (datetime(2024, 12, 5), "by 10 January", "until 2025-01-10"),
        (datetime(2024, 5, 5), "by the end of November", "until 2023-11-30"),  # what is far ahead is not what is meant
        (datetime(2024, 12, 5), "1월 10일까지", "until 2025-01-10"),
        (datetime(2024, 12, 5), "截止到1月10日", "until 2025-01-10"),
        (datetime(2024, 5, 5), "late May", "2023-05-21 to 2023-05-31"),  # not begun yet
        (datetime(2025, 1, 31), "by the 30th of the month", "until 2025-01-30"),  # February has none
        (datetime(2025, 2, 5), "on the 31st", "2025-01-31"),
    ],
)
def test_due_dates_lie_ahead_and_other_times_behind(now: datetime, said: str, days: str) -> None:
    found = window(said, now)
    assert found.span is not None
    assert found.span.days == days
