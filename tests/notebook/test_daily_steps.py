"""Steps suggested by notes (two open items, then the last day's entries), and the state of the daily summary."""

from __future__ import annotations

import json
import stat
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.daily.next_steps import suggested
from scratchlab.notebook.daily.visit_state import VisitState
from scratchlab.notebook.dates import calendar
from scratchlab.notebook.events import Event
from scratchlab.notebook.vault import notes

LOG = """# Log
## 2026-03-01: Margins
- margin 0.2
- might try 0.5
- still need more seeds
## 2026-03-02: Noise
- [ ] add noise
- [x] plot it
## 2026-03-03: Heads
- medians
- means
- [x] weights
## 2026-03-03: Data
- crop
"""
NOW = datetime(2026, 3, 4, 8)


def read(text: str) -> list[Event]:
    return notes.events(Path("/v/log.md"), text.splitlines(), date(2026, 3, 1))


def test_two_open_items_then_a_line_of_each_of_the_last_days_entries() -> None:
    found = suggested(read(LOG))
    assert [(step.text, step.place.line) for step in found] == [
        ("add noise", 7),
        ("might try 0.5", 4),
        ("medians", 10),
        ("crop", 14),
        ("means", 11),
    ]
    assert [step.reason for step in found[:3]] == [
        "an open task, 2 March 2026",
        "says “might try”, 1 March 2026",
        "from the last day of notes, 3 March 2026",
    ]
    assert len(suggested(read(LOG), 20)) == 5  # no ticked tasks
    assert len(suggested(read(LOG), 3)) == 3


def test_nothing_is_suggested_twice_or_without_notes() -> None:
    assert suggested([]) == []
    found = suggested(read("# 2026-03-03\n- [ ] a\n- [ ] a\n"))
    assert [step.text for step in found] == ["a"]
    assert suggested(read("no date, no day\n")) == []


def test_a_row_of_a_table_is_no_step() -> None:
    table = "| run | todo |\n| - | - |\n| a | next: 3 seeds |\n\nrun | acc\n- | -\na | 71\n"
    assert [step.text for step in suggested(read(f"# 2026-03-03\n{table}\n- crop | mask?\n"))] == ["crop | mask?"]


def test_later_days_are_never_seen() -> None:
    past = [one for one in read(LOG) if one.when and one.when.start < datetime(2026, 3, 3)]
    assert {step.event.when for step in suggested(past)} <= {calendar.day(date(2026, 3, 1)), calendar.day(date(2026, 3, 2))}


def test_a_visit_lasts_four_hours(tmp_path: Path) -> None:
    file = tmp_path / "own" / "desk.json"
    state = VisitState.read(file)
    assert state.visit(NOW) == datetime(2026, 3, 3)  # the first visit: since yesterday
    state.write(file)
    state = VisitState.read(file)
    assert state.visit(NOW + timedelta(hours=3)) == datetime(2026, 3, 3)
    assert state.visit(NOW + timedelta(hours=6)) == datetime(2026, 3, 3)
    assert state.visit(NOW + timedelta(hours=24)) == NOW + timedelta(hours=6)
    state.write(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_steps_are_begun_ended_refused_and_forgotten() -> None:
    state = VisitState(shown=["a", "b", "c"])
    state.accept([2], NOW)
    state.refuse([3], NOW)
    assert (list(state.begun), list(state.refused)) == (["b"], ["c"])
    state.accept([2], NOW)  # once more: done
    assert (list(state.begun), sorted(state.refused)) == ([], ["b", "c"])
    state.visit(NOW + timedelta(days=29))
    assert sorted(state.refused) == ["b", "c"]
    state.visit(NOW + timedelta(days=30))
    assert state.refused == {}


def test_numbers_that_were_not_shown_change_nothing() -> None:
    with pytest.raises(Problem, match="no step has been shown yet"):
        VisitState().accept([1], NOW)
    state = VisitState(shown=["a"])
    with pytest.raises(Problem, match="no step 2: 1 step shown last time"):
        state.refuse([1, 2], NOW)
    assert state.refused == {}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"since": "", "begun": 3}',
        '{"begun": ["ab", "cde"]}',
        '{"seen": "yesterday"}',
        '{"begun": {"a": 3}}',
        '{"refused": {"a": "2026-03-04T08:00+09:00"}}',
    ],
)
def test_a_damaged_file_is_one_sentence_and_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / "desk.json").write_text(text)
    with pytest.raises(Problem, match=r"desk\.json is damaged"):
        VisitState.read(tmp_path / "desk.json")
    assert (tmp_path / "desk.json").read_text() == text


def test_unknown_keys_of_later_versions_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "desk.json").write_text(json.dumps({"seen": NOW.isoformat(), "mood": "good"}))
    assert VisitState.read(tmp_path / "desk.json").seen == NOW.isoformat()
