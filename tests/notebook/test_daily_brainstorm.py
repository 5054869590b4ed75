"""Suggested next lines: taken from earlier notes, labelled, and never written into a note."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from rich.console import Console

from scratchlab.checks import Problem
from scratchlab.notebook.daily.brainstorm import draft
from scratchlab.notebook.daily.draft_terminal import shown
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.index.table import opened
from scratchlab.notebook.settings import Settings

NOTES = {
    "2026-03-01.md": "# Brainstorm\n- prototypes by median, robust to one shot\n- weighted medians\n- what of five shots?\n- crop them\n",
    "2026-03-02.md": "# Front-end\n- formants and prototypes\n- should try the residual\n"
    "# 显存\n- 显存不足，梯度累积太慢\n- 为什么显存不够？\n",
    "2026-03-03.md": "# Ideas\n- prototypes again\n- medians, robust ones\n",
    "2026-03-04.md": "# 想法\n- 显存优化\n- 梯度累积\n",
    "lonely.md": "- nothing like anything\n",
    "empty.md": "\n",
    **{f"filler{i}.md": f"- filler {i} of no interest\n- more?\n" for i in range(40)},
}


class OneAnswer:
    """A model that always gives the same answer and remembers its prompts."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def complete(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return "- a learned temperature?\n"


@pytest.fixture
def base(tmp_path: Path) -> sqlite3.Connection:
    for name, text in NOTES.items():
        (tmp_path / name).write_text(text)
    made = opened(tmp_path / ".index" / "index.sqlite")
    refresh(made, {"notes": Notes(Settings(vault=(tmp_path,)))})
    return made


def test_open_items_that_followed_similar_lists(base: sqlite3.Connection) -> None:
    found = draft(base, "2026-03-03")
    assert [(one.place.path.name, one.place.line) for one in found.found] == [("2026-03-01.md", 4)]
    assert [(one.place.path.name, one.place.line) for one in draft(base, "2026-03-04").found] == [("2026-03-02.md", 6)]
    assert found.generated == ""


def test_a_note_is_named_by_its_name_or_its_file(base: sqlite3.Connection, tmp_path: Path) -> None:
    assert draft(base, str(tmp_path / "2026-03-03.md")) == draft(base, "2026-03-03.MD")


def test_a_model_sees_the_note_and_the_lines_and_changes_no_file(base: sqlite3.Connection, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tmp_path.glob("*.md")}
    model = OneAnswer()
    found = draft(base, "2026-03-03", model)
    assert found.generated == "- a learned temperature?"
    assert "medians, robust ones" in model.prompts[0]
    assert "- what of five shots?" in model.prompts[0]
    assert {path: path.read_bytes() for path in tmp_path.glob("*.md")} == before
    console = Console(width=100, record=True, file=(tmp_path / "out").open("w"))
    console.print(shown(found))
    text = console.export_text()
    assert text.index("machine-made") < text.index("Written by the language model") < text.index("- a learned temperature?")
    assert "2026-03-01.md:4" in text


def test_a_note_unlike_all_others_has_no_draft(base: sqlite3.Connection, tmp_path: Path) -> None:
    console = Console(width=200, record=True, file=(tmp_path / "out").open("w"))
    console.print(shown(draft(base, "lonely")))
    assert console.export_text().startswith("No draft for lonely.md: no other note")


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("2026-03-1", "There is no note '2026-03-1' in the vaults. Did you mean '2026-03-01'. The notes are: 2026-03-01"),
        ("empty", "no line to continue from"),
    ],
)
def test_notes_that_cannot_be_continued(base: sqlite3.Connection, note: str, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        draft(base, note)
