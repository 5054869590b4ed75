"""Mentions in both directions."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from scratchlab.notebook.events import Event
from scratchlab.notebook.index.mentions import mentioned, mentions, resolve
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.index.sources.runs import Runs
from scratchlab.notebook.index.table import COLUMNS, event_of, opened
from scratchlab.notebook.settings import Settings

DIARY = """# 2025-04-10

- margin 0.2 in [[digits-0123abcd]] was too small
- by its key: 0123abcd is the one to keep ^best
- the repetition digits-0123abcd-2 says the same
- nothing of digits-0123abcde here
- see [[Formant_Residual#2025/04/11]] and [[kws/formant_residual]]
- log in logs/train.log, the folder is /data/runs/digits-4567cdef
- formant residual in plain words

## digits-89abcdef

- under its own heading
"""
FORMANT = """---
tags: [a]
---
# Formants

## 2025-04-11
- the residual ^r1

```
## Not a heading
```
## Über (den) *Rest*
"""


@pytest.fixture
def base(tmp_path: Path) -> sqlite3.Connection:
    vault, runs = tmp_path / "vault", tmp_path / "runs"
    for name, text in {
        "diary.md": DIARY,
        "formant_residual.md": FORMANT,
        "kws/formant_residual.md": "- the other\n",
        "kws/Über.md": "- one\n",
    }.items():
        (vault / name).parent.mkdir(parents=True, exist_ok=True)
        (vault / name).write_text(text)
    for name in ("digits-0123abcd", "digits-0123abcd-2", "digits-4567cdef", "digits-89abcdef"):
        (runs / name).mkdir(parents=True)
        told = {"state": "failed", "recipe": "digits", "key": name[7:15], "created": "2026-03-01T20:00:00+00:00", "where": "no"}
        (runs / name / "status.json").write_text(json.dumps(told, indent=1))
    settings = Settings(vault=(vault,), runs=(runs,))
    made = opened(tmp_path / "index.sqlite")
    refresh(made, {"notes": Notes(settings), "runs": Runs(settings)})
    return made


def line(base: sqlite3.Connection, text: str) -> Event:
    return next(one for row in base.execute(f"SELECT {COLUMNS} FROM events") if text in (one := event_of(row)).text)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("digits-0123abcd", [3, 4]),
        ("digits-0123abcd-2", [5]),
        ("/data/runs/digits-4567cdef", [8]),
        ("digits-4567cdef", [8]),
        ("/home/sam/kws/logs/train.log", [8]),
        ("digits-89abcdef", [11, 13]),
        ("formant_residual", [7]),
        ("DIGITS-0123ABCD", [3, 4]),
        ("digits-ffffffff", []),
        ("train.log", []),
        ("…", []),
    ],
)
def test_mentions_of_runs_logs_and_notes(base: sqlite3.Connection, name: str, lines: list[int]) -> None:
    assert [one.place.line for one in mentions(base, name)] == lines


def test_what_an_event_mentions(base: sqlite3.Connection) -> None:
    def told(text: str) -> list[str]:
        return [one.text.split("\n")[0] for one in mentioned(base, line(base, text))]

    assert told("margin 0.2") == ["digits-0123abcd"]
    assert told("by its key") == ["digits-0123abcd"]
    assert told("the repetition") == ["digits-0123abcd-2"]
    assert told("nothing of") == []
    assert told("see [[") == ["- the residual ^r1", "- the other"]
    assert told("log in") == ["digits-4567cdef"]


@pytest.mark.parametrize(
    ("target", "part", "found"),
    [
        ("formant_residual", "", "formant_residual.md:1"),
        ("FORMANT_residual.md", "2025/04/11", "formant_residual.md:6"),
        ("formant_residual", "2025-04-11", "formant_residual.md:6"),
        ("formant_residual", "Formants#Über den Rest", "formant_residual.md:12"),
        ("formant_residual", "^r1", "formant_residual.md:7"),
        ("kws/formant_residual", "", "kws/formant_residual.md:1"),
        ("diary", "^best", "diary.md:4"),
        ("Über", "", "kws/Über.md:1"),
        ("digits-4567cdef", "", "digits-4567cdef/status.json:6"),
    ],
)
def test_where_links_lead(base: sqlite3.Connection, target: str, part: str, found: str) -> None:
    assert str(resolve(base, target, part)).endswith("/" + found)


@pytest.mark.parametrize(
    ("target", "part"),
    [("nowhere", ""), ("formant_residual", "2025/04/12"), ("formant_residual", "Not a heading"), ("diary", "^none"), ("other/diary", "")],
)
def test_dangling_links(base: sqlite3.Connection, target: str, part: str) -> None:
    assert resolve(base, target, part) is None


def test_links_to_deleted_notes(base: sqlite3.Connection, tmp_path: Path) -> None:
    (tmp_path / "vault" / "diary.md").unlink()
    assert resolve(base, "diary", "2025-04-10") is None


def test_lookups_use_the_index(base: sqlite3.Connection) -> None:
    asked: list[str] = []
    base.set_trace_callback(asked.append)
    mentions(base, "digits-0123abcd")
    mentioned(base, line(base, "see [["))
    mentioned(base, line(base, "by its key"))
    base.set_trace_callback(None)
    looked = [statement for statement in asked if "WHERE" in statement and not statement.startswith("--")]
    assert len(looked) > 5
    for statement in looked:
        plan = [row[3] for row in base.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert not [step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step], (statement, plan)


def test_a_link_to_a_day_leads_to_the_heading_that_begins_with_it(base: sqlite3.Connection, tmp_path: Path) -> None:
    (tmp_path / "vault" / "diary.md").write_text("# 2024-12-30\n## Compare with 2025-01-02\n## 01-02: loss\n", encoding="utf-8")
    place = resolve(base, "diary", "2025-01-02")
    assert place is not None
    assert place.line == 3
