"""Questions: the right line first, only the right days, or no answer with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scratchlab.cli import app
from scratchlab.notebook.events import Event, Place
from scratchlab.notebook.index import table
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.search_index import SearchIndex
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.recall.ask import SearchResult, ask
from scratchlab.notebook.settings import Settings
from scratchlab.notebook.walk import Refused

NOW = datetime(2025, 4, 15, 9)
DIARY = """# Keyword spotting

## 2025-03-08
- BC-ResNet-8 gave up at width 2: the loss became NaN in epoch 14
- tried cosine prototypes instead of the trained head
    - base accuracy 94.2 %, new words 71.8 %
- 服务器显存不足，把批量从 100 降到 50

## 2025-03-10
- 학습률을 0.1에서 0.01로 낮췄더니 수렴했다
- meeting: advisor wants formants before the deadline
- [ ] ask for a second disk

## 2025/04/07
- DTW beats mean pooling by 3 points on matrix embeddings
- why does TEEN help only the first session?
"""


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    folder = tmp_path_factory.mktemp("asking")
    (folder / "vault").mkdir()
    (folder / "vault" / "kws.md").write_text(DIARY, encoding="utf-8")
    (folder / "vault" / "2025-03-09.md").write_text("Sunday. Slept long, read about line spectral pairs.", encoding="utf-8")
    base = table.opened(folder / "index.sqlite")
    refresh(base, {"notes": Notes(Settings(vault=(folder / "vault",)))})
    yield SearchIndex(base, [], folder)
    base.close()


def lines(found: SearchResult) -> list[int]:
    return [one.event.place.line for one in found.evidence]


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("when did the loss become NaN?", 4),
        ("why did we reduce the batch size", 7),
        ("为什么降低了学习率", 10),
        ("배치 크기를 왜 줄였지", 7),
        ("did DTW beat mean pooling?", 15),
        ("what did the advisor want", 11),
        ("out of memory", 7),
    ],
)
def test_the_right_line_is_first(memory: SearchIndex, question: str, line: int) -> None:
    """In the question's language or another, by words and the glossary."""
    assert lines(ask(question, NOW, memory))[0] == line


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what did I do on March 8?", {4, 5, 6, 7}),
        ("3月10日做了什么", {10, 11, 12}),
        ("지난주에 뭐 했지", {15, 16}),
        ("what did I read on 2025-03-09", {1}),
    ],
)
def test_only_events_of_the_time(memory: SearchIndex, question: str, expected: set[int]) -> None:
    found = lines(ask(question, NOW, memory))
    assert found
    assert set(found) <= expected


def test_a_time_alone_gives_events_in_order(memory: SearchIndex) -> None:
    found = lines(ask("what did I do in March?", NOW, memory, most=20))
    assert found == [4, 5, 6, 7, 1, 10, 11, 12]


def test_a_time_without_notes_says_which_days_have_some(memory: SearchIndex) -> None:
    found = ask("what did I do in early April?", NOW, memory)
    assert lines(found)
    found = ask("what happened on March 20?", NOW, memory)
    assert found.evidence == []
    assert (
        found.reason == "There is nothing in your notes for 2025-03-20; "
        "the last before it are from 2025-03-10 and the first after it are from 2025-04-07."
    )


@pytest.mark.parametrize("question", ["", "?", "what", "为什么", "\x00", "a" * 5000, '"; DROP TABLE events', "NEAR(a b)", "* ^ AND OR NOT"])
def test_any_question_can_be_asked(memory: SearchIndex, question: str) -> None:
    ask(question, NOW, memory)


def test_evidence_is_numbered_and_its_places_are_right(memory: SearchIndex) -> None:
    found = ask("prototypes and accuracy of new words", NOW, memory)
    assert [one.number for one in found.evidence] == list(range(1, len(found.evidence) + 1))
    for one in found.evidence:
        place = one.event.place
        written = place.path.read_text(encoding="utf-8").split("\n")[place.line - 1 : place.last]
        assert "\n".join(written) == one.event.text or one.event.kind == "heading"


def test_changes_are_noticed(memory: SearchIndex) -> None:
    path = memory.events([0])[0].place.path.parent / "new.md"
    path.write_text("- zebra crossing", encoding="utf-8")
    sources = {"notes": Notes(Settings(vault=(path.parent,)))}
    refresh(memory.database, sources)
    assert ask("zebra", NOW, memory).evidence[0].event.place.path == path
    path.unlink()
    refresh(memory.database, sources)
    assert ask("zebra", NOW, memory).evidence == []


def test_control_characters_are_shown_as_symbols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "a.md").write_text("- zebra \x1b[8mhidden\x1b]52;c;eA==\x07 \u202etxt", encoding="utf-8")
    (tmp_path / "notebook.toml").write_text('vault = "v"')
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path))
    said = CliRunner().invoke(app, ["ask", "zebra"], catch_exceptions=False).output
    assert "hidden" in said
    assert not set(said) & {"\x1b", "\x07", "\u202e"}


def test_a_run_named_by_the_question_is_a_certain_match(tmp_path: Path) -> None:
    base = table.opened(tmp_path / "index.sqlite")
    place = Place(tmp_path / "runs" / "digits-5db2c8d4" / "run.toml", 1, 1)
    made = [
        Event("run", "digits-5db2c8d4: accuracy 86.6 %", place, state="finished"),
        Event("note", "- won by digits", Place(tmp_path / "a.md", 1, 1)),
    ]

    class Made:
        def stamps(self, refused: Refused) -> list[tuple[str, str]]:
            return [("made", "1")]

        def read(self, key: str) -> tuple[str, Callable[[], list[Event]]]:
            return "1", lambda: made

    refresh(base, {"made": Made()})
    memory = SearchIndex(base, [], tmp_path)
    for name in ("digits-5db2c8d4", "5db2c8d4"):
        assert [one.event.kind for one in ask(name, NOW, memory).evidence] == ["run"]
    unsure = ask("who won the quaternion prize", NOW, memory)
    assert "“quaternion”" in unsure.reason
    assert "“won”" not in unsure.reason
