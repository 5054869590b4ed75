"""The diary's questions and keys: valid lines, disjoint splits, enough questions in every cell."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scratchlab.checks import Problem

STUDIES = Path(__file__).parents[2] / "studies"
DIARY = STUDIES / "diary"
sys.path.insert(0, str(STUDIES))

from recall.notes import LONGEST, chunks, files, lines, words  # noqa: E402
from recall.questions import KINDS, LANGUAGES, SPLITS, Key, Question, read, shared  # noqa: E402

QUESTIONS = read(DIARY / "questions.toml")
SAID_TWICE = {("paraphrase-zh-06", "距离"), ("paraphrase-zh-06", "不再")}  # words of a line that slipped into a paraphrase of it


def wrong(root: Path, questions: list[Question]) -> Iterator[str]:
    """Yields invalid keys."""
    for one, key in [(question, key) for question in questions for key in question.answers]:
        if not (root / key.file).is_file():
            yield f"{one.id}: there is no {key.file}"
            continue
        text = lines(root / key.file)
        if not 1 <= key.first <= key.last <= len(text):
            yield f"{one.id}: {key.file} has no lines {key.first} to {key.last}"
        elif (times := "\n".join(text[key.first - 1 : key.last]).count(key.quote)) != 1:
            yield f"{one.id}: {key.quote!r} stands {times} times in {key.file}:{key.first}-{key.last}"


def language(quote: str) -> str:
    """Of a line, by its letters."""
    return "ko" if re.search("[가-힣]", quote) else "zh" if re.search("[一-鿿]", quote) else "en"


def test_every_line_exists_and_says_what_its_quote_says() -> None:
    assert list(wrong(DIARY / "vault", QUESTIONS)) == []


def test_wrong_keys_are_detected() -> None:
    first = QUESTIONS[0]
    (key, *_) = first.answers
    bent = [
        Key("daily/none.md", 1, 1, key.quote),
        Key(key.file, key.first + 1, key.last + 1, key.quote),
        Key(key.file, key.first, 9999, key.quote),
    ]
    question = Question(first.id, first.text, first.language, first.kind, first.now, first.split, tuple(bent))
    assert len(list(wrong(DIARY / "vault", [question]))) == len(bent)


def test_the_splits_share_no_note() -> None:
    assert shared(QUESTIONS) == []
    one, other = QUESTIONS[0], next(question for question in QUESTIONS if question.split != QUESTIONS[0].split)
    moved = Question("moved", one.text, one.language, one.kind, one.now, other.split, one.answers)
    assert shared([*QUESTIONS, moved]) == sorted({key.file for key in one.answers})


def test_there_are_enough_of_every_kind_and_language() -> None:
    counts = Counter((one.kind, one.language, one.split) for one in QUESTIONS)
    for kind in KINDS:
        for language in LANGUAGES:
            of = [counts[kind, language, split] for split in SPLITS]
            sys.stdout.write(f"{kind:>13} {language}: {of[0]} tuning, {of[1]} test\n")
            assert min(of) >= 5
    assert len(QUESTIONS) >= 180
    assert sum(one.kind == "unanswerable" for one in QUESTIONS) >= 30
    assert sum(one.split == "test" for one in QUESTIONS) == 108  # those of the test are never changed


def test_questions_have_the_stated_kind() -> None:
    across = [one for one in QUESTIONS if one.kind == "cross"]
    assert [one.id for one in across if any(language(key.quote) == one.language for key in one.answers)] == []
    vault = DIARY / "vault"
    said: set[tuple[str, str]] = set()
    for one in (one for one in QUESTIONS if one.kind == "paraphrase"):
        text = "\n".join("\n".join(lines(vault / key.file)[key.first - 1 : key.last]) for key in one.answers).lower()
        said |= {
            (one.id, word) for word in words(one.text) if re.search(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word), text)
        }
    small = {"end", "about", "after", "같이", "얼마나"}  # no content
    assert {(question, word) for question, word in said if word not in small} == SAID_TWICE


def test_the_diary_resembles_real_vaults() -> None:
    notes = files(DIARY / "vault")
    bytes_of = {path.name: path.read_bytes() for path in notes}
    assert len(notes) >= 70
    assert sum(len(lines(path)) for path in notes) >= 1400
    assert sum(b"\r\n" in data for data in bytes_of.values()) == 1
    assert sum(data.startswith(b"\xef\xbb\xbf") for data in bytes_of.values()) == 1
    for name, encoding, text in (("周报.md", "gb18030", "给导师"), ("서버 사용법.md", "euc-kr", "신입생용")):
        assert text in bytes_of[name].decode(encoding)
        assert text in lines(next(path for path in notes if path.name == name))[0]
        with pytest.raises(UnicodeDecodeError):
            bytes_of[name].decode()


def test_paragraphs_hold_every_line_once_and_are_short_enough() -> None:
    vault = DIARY / "vault"
    held = Counter((chunk.file, line) for chunk in chunks(vault) for line in range(chunk.first, chunk.last + 1))
    assert max(held.values()) == 1
    written = {(path.relative_to(vault).as_posix(), n) for path in files(vault) for n, text in enumerate(lines(path), 1) if text.strip()}
    assert written <= set(held)
    assert max(chunk.last - chunk.first + 1 for chunk in chunks(vault)) <= LONGEST


def test_keys_of_the_public_logs_are_valid(real_data: Callable[[str], Path]) -> None:
    questions = read(DIARY / "real_questions.toml")
    assert len(questions) == 20
    assert list(wrong(real_data("notes"), questions)) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('kind = "keyword"', 'kind = "keywrod"', "has no kind 'keywrod'. Did you mean 'keyword'?"),
        ("now = 2025-07-01\n", "", "is incomplete: 'now'"),
        ("lines = [1, 1]", "lines = [1]", "question 'a' is incomplete: not enough values"),
        ('kind = "keyword"', 'kind = "unanswerable"', "question 'a' is unanswerable and has an answer"),
        ("[[question]]", "[[question]", "cannot be read"),
    ],
)
def test_invalid_files_are_errors(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "questions.toml"
    right = (
        '[[question]]\nid = "a"\ntext = "t"\nlanguage = "en"\nkind = "keyword"\nnow = 2025-07-01\nsplit = "test"\n'
        'answers = [{ file = "n.md", lines = [1, 1], quote = "q" }]\n'
    )
    path.write_text(right)
    assert [one.id for one in read(path)] == ["a"]
    path.write_text(right.replace(old, new))
    with pytest.raises(Problem, match=re.escape(told)):
        read(path)
    path.write_text(right * 2)
    with pytest.raises(Problem, match="more than one question has the id a"):
        read(path)
