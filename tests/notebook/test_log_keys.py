"""The reader on public logs with hand-made keys, and on notes that discuss such logs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scratchlab.notebook.logs.follow import text_lines
from scratchlab.notebook.logs.log import Row
from scratchlab.notebook.logs.reader import read

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(Path(__file__).parents[2] / "studies"))
    import log_fields

KEYS = sorted(log_fields.KEYS.glob("*.toml"))
BARE = {("train_tr8b-104B_chronicles.md", 518)}  # a line of a log that its author pasted without a fence: `lm loss: 2.134260E+00`
NOTES = [
    *("bigscience/train_lessons-learned.md", "bigscience/train_tr1-13B-base_chronicles.md", "bigscience/train_tr11-176B-ml_chronicles.md"),
    *("bigscience/train_tr11-176B-ml_chronicles-prequel.md", "bigscience/train_tr8-104B-wide_chronicles.md", "nanochat/LOG.md"),
    "bigscience/train_tr8b-104B_chronicles.md",
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.stem)
def test_precision_and_recall_for_every_log(key: Path, real_data: Callable[[str], Path]) -> None:
    score = log_fields.score(real_data(f"training_logs/{key.stem}"), key)
    assert score.precision is not None
    assert score.recall is not None
    assert score.precision >= 0.95, score.false
    assert score.recall >= 0.95, score.missed


def fenced(lines: list[str]) -> set[int]:
    """Numbers of the lines in code blocks."""
    within, found = False, set[int]()
    for number, line in enumerate(lines, 1):
        if line.lstrip("> ").startswith("```"):
            within = not within
        elif within or line.startswith("    "):
            found.add(number)
    return found


def rows(note: Path) -> tuple[list[Row], list[Row]]:
    """Rows inside and outside of code blocks."""
    lines = list(text_lines(note))
    code = fenced(lines)
    every = read(lines).rows
    return [row for row in every if row.line in code], [row for row in every if row.line not in code]


@pytest.mark.parametrize("note", NOTES)
def test_prose_has_no_figures(note: str, real_data: Callable[[str], Path]) -> None:
    _, prose = rows(real_data(f"notes/{note}"))
    assert {(Path(note).name, row.line) for row in prose} <= BARE


def test_logs_pasted_into_notes_are_read(real_data: Callable[[str], Path]) -> None:
    pasted, _ = rows(real_data("notes/bigscience/train_tr1-13B-base_chronicles.md"))
    assert pasted[0].line == 162
    assert (pasted[0].number("step"), pasted[0].number("value", "learning rate")) == (29020, 9.85e-05)


PROSE = """# Notes
We trained for 3 epochs and reached an accuracy of 0.91, then 0.92 after 5 epochs.
At iteration 500 the loss was 3.2; at iteration 900 the loss was 2.9.
At iteration 700 the loss was 3.0; at iteration 950 the loss was 2.8.
- try lr 3e-4, batch size 64
- try lr 1e-4, batch size 32
See section 3 of the paper (page 12), Table 2: 10 classes.
| model | params | layers |
|---|---|---|
| small | 125 | 12 |
Meeting on 2025-03-09 10:30:00 with sam: 2 questions.
1. first point
2. second point
The ratio was 3/10, then [4] said 1/2. Session 3 starts at 10:00.
"""


def test_a_page_of_prose_is_no_log() -> None:
    assert [row.line for row in read(PROSE.split("\n")).rows] == []


def test_settings_are_no_figures() -> None:
    yaml = (
        "optimizer:\n  lr: 0.1\n  momentum: 0.9\nloss:\n  loss_weight: 1.0\n  loss_scale: 4\nloss2:\n  loss_weight: 2.0\n  loss_scale: 8\n"
    )
    python = "(bn1): BatchNorm2d(64, eps=1e-05, momentum=0.1)\n(bn2): BatchNorm2d(128, eps=1e-05, momentum=0.1)\n"
    assert read((yaml + python).split("\n")).rows == []


def test_a_metric_needs_a_second_line() -> None:
    assert read(["dev accuracy: 0.81"]).rows == []
    assert [row.line for row in read(["dev accuracy: 0.81", "", "dev accuracy: 0.83"]).rows] == [1, 3]


def test_one_line_with_an_epoch_is_enough() -> None:
    assert [row.number("value", "loss") for row in read(["epoch 3: loss = 0.5"]).rows] == [0.5]
