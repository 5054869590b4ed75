"""Notes as events: kinds, states, headings above them, and times."""

from __future__ import annotations

import codecs
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.notebook.events import Event
from scratchlab.notebook.vault.decoding import lines
from scratchlab.notebook.vault.front_matter import front_matter
from scratchlab.notebook.vault.notes import events, links

KNOWN = date(2025, 4, 1)


def read(text: str, name: str = "note.md") -> list[Event]:
    return events(Path(name), text.split("\n"), KNOWN)


def days(text: str, name: str = "note.md") -> dict[str, str]:
    return {event.text: event.when.days if event.when else "" for event in read(text, name)}


def test_time_comes_from_the_nearest_date_above() -> None:
    text = "# Project\nundated\n## 2025-03-08 plans\n- a\n### details\n- b\n- 03-10: c\n    - d\n## 2025/04/07\n- e\n## no date\n- f"
    told = days(text)
    assert told["undated"] == ""
    assert (told["- a"], told["- b"], told["- 03-10: c"], told["    - d"]) == ("2025-03-08", "2025-03-08", "2025-03-10", "2025-03-10")
    assert told["- e"] == "2025-04-07"
    assert told["- f"] == "", "a heading beside the dated one is not of its day"


def test_time_comes_from_bare_lines_file_names_and_front_matter() -> None:
    assert days("**2025-03-08** (Sat)\n\nran it\n\n03-09\n\nran again\n# other\nlater") == {
        "ran it": "2025-03-08",
        "ran again": "2025-03-09",
        "other": "",
        "later": "",
    }
    assert days("text", "2025-03-08.md") == {"text": "2025-03-08"}
    assert days("---\ndate: 2025-03-08\n---\ntext") == {"text": "2025-03-08"}


def test_a_missing_year_is_taken_from_the_date_before() -> None:
    text = "# 2023-12-28\n- a\n# 12-30\n- b\n# 01-02\n- c"
    assert list(days(text).values()) == ["2023-12-28", "2023-12-30", "2024-01-02"]


def test_tasks_and_questions() -> None:
    text = "- [ ] try\n- [x] did\n- [-] not\n- TODO: later\n- why?\n- why not?\n    - because\n- 为什么？\n| a? |\n"
    told = [(event.kind, event.state) for event in read(text)]
    assert told == [
        ("task", "open"),
        ("task", "done"),
        ("task", "dropped"),
        ("task", "open"),
        ("question", "open"),
        ("question", "done"),
        ("note", ""),
        ("question", "open"),
        ("note", ""),
    ]


def test_headings_and_parent_items() -> None:
    (_, _, _, row) = read("# A\n## B\n| lr | acc |\n|---|---|\n| 0.1 | 93 |")
    assert (row.heading, row.under) == (("A", "B"), ("| lr | acc |",))
    assert row.place.line == 5
    child = read("# A\n- one\n    - two\n        - three")[-1]
    assert (child.heading, child.under, str(child.place)) == (("A",), ("one", "two"), "note.md:4")


def test_links() -> None:
    assert list(links("[[formant_residual#2025/04/10]] ![[a/plot.svg|300]] [[n#^id1]] [[x|y]] [not] [[]]")) == [
        ("formant_residual", "2025/04/10"),
        ("a/plot.svg", ""),
        ("n", "^id1"),
        ("x", ""),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_kinds_of_line_ends(end: str) -> None:
    assert lines(f"a{end}b\x0cc\u2028d{end}".encode()) == ["a", "b\x0cc\u2028d", ""]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "显存不足 메모리"),
        ("utf-8-sig", "显存不足"),
        ("utf-16", "显存不足"),
        ("gb18030", "今天显存不足，训练在第三轮中断了，明天换一张卡再试一次。"),
        ("euc_kr", "오늘 메모리가 부족해서 학습이 세 번째 에폭에서 멈췄다. 내일 다시 해 본다."),
        ("cp1252", "déjà vu — naïve café"),
    ],
)
def test_encodings(encoding: str, text: str) -> None:
    assert lines(f"{text}\n{text}\n{text}".encode(encoding)) == [text] * 3


def test_a_broken_byte_affects_only_its_character() -> None:
    assert lines("显存".encode() + b"\xff" + " 不足".encode()) == ["显存\ufffd 不足"]
    assert lines(codecs.BOM_UTF16_LE + b"a\x00b") == ["a\ufffd"]


@pytest.mark.parametrize(
    ("head", "meta", "first"),
    [
        (["---", "a: 1", "id: 007", "---", "x"], {"a": "1", "id": "007"}, 5),
        (["---", "tags: [a, b", "date: 2025-03-08", "---"], {"tags": "[a, b", "date": "2025-03-08"}, 5),
        (["---", "not closed"], {}, 1),
        (["text"], {}, 1),
        (["---", "---", "x"], {}, 3),
        (["---", "just words", "---"], {}, 1),
    ],
)
def test_front_matter(head: list[str], meta: dict[str, str], first: int) -> None:
    assert front_matter(head) == (meta, first)


@given(st.binary(max_size=300))
def test_any_note_can_be_read(content: bytes) -> None:
    note = lines(content)
    for event in events(Path("n.md"), note, KNOWN):
        assert 1 <= event.place.line <= event.place.last <= len(note)


@pytest.mark.parametrize(
    "text", ["- 10-20 epochs are enough", "- 12-24 hours", "- 3/4 runs failed", "- 12/16 heads", "- 10.25 GB", "- May 3 of them"]
)
def test_a_quantity_is_no_date(text: str) -> None:
    assert days(text) == {text: ""}


@pytest.mark.parametrize(
    "text",
    [
        "## 2025-03-08 " + "mon" * 3000 + "1",
        "## 2025-03-08 " + "(Sun.), " * 3000 + "x",
        "# a" + " " * 200_000 + "b",
        "-" * 200_000,
        "| " * 50_000,
        "[[" * 50_000,
    ],
)
def test_no_line_takes_long(text: str) -> None:
    """Backtracking patterns would take hours."""
    read(text)


@pytest.mark.parametrize("unit", ["a ", "a:", " ", "a", "a -"])
def test_broken_front_matter_of_any_length_is_read(unit: str) -> None:
    """In less than a second; quadratic time would take minutes."""
    begun = time.process_time()
    meta, first = front_matter(["---", "tags: [a", (unit * 100_000)[:100_000] + "!", "name : a: b ", "---"])
    assert (meta["name"], meta["tags"], first) == ("a: b", "[a", 6)
    assert time.process_time() - begun < 15
