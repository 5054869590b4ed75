"""Questions with the lines that answer them, in the format of `studies/diary/questions.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from scratchlab.checks import Problem, listing, nearest

KINDS = ("keyword", "paraphrase", "cross", "temporal", "unanswerable")
LANGUAGES = ("en", "zh", "ko")
SPLITS = ("tuning", "test")


@dataclass(frozen=True)
class Key:
    """Lines of a file that answer a question, inclusive, counted from 1; they contain `quote`."""

    file: str
    first: int
    last: int
    quote: str


@dataclass(frozen=True)
class Question:
    """A question. now: the day on which it is asked. answers: any of them is correct; empty if it cannot be answered."""

    id: str
    text: str
    language: str
    kind: str
    now: date
    split: str
    answers: tuple[Key, ...]

    @property
    def note(self) -> str:
        """The note of the answers, which is the unit of resampling for intervals; the question's id if it has no answer."""
        return self.answers[0].file if self.answers else self.id


def read(path: Path) -> list[Question]:
    """All questions of the file.

    Raises Problem, which names the question and its error.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Problem(f"{path} cannot be read: {error}") from None
    found = [_question(path, row) for row in said.get("question", [])]
    if twice := sorted({one.id for one in found if sum(one.id == other.id for other in found) > 1}):
        raise Problem(f"{path}: more than one question has the id {listing(twice)}; ids must be unique")
    return found


def _question(path: Path, row: dict[str, Any]) -> Question:
    """A question from a table of the file."""
    where = f"{path}: question '{row.get('id', '?')}'"
    try:
        keys = tuple(_key(one) for one in row["answers"])
        found = Question(row["id"], row["text"], row["language"], row["kind"], row["now"], row["split"], keys)
    except (KeyError, TypeError, ValueError) as error:
        raise Problem(f"{where} is incomplete: {error}") from None
    for name, value, known in (("kind", found.kind, KINDS), ("language", found.language, LANGUAGES), ("split", found.split, SPLITS)):
        if value not in known:
            raise Problem(f"{where} has no {name} '{value}'.{nearest(value, known)} Known here: {listing(known)}")
    if bool(keys) == (found.kind == "unanswerable"):
        raise Problem(f"{where} is {found.kind} and has {'an answer' if keys else 'none'}")
    return found


def _key(one: dict[str, Any]) -> Key:
    """An answer of a question."""
    first, last = one["lines"]
    return Key(one["file"], first, last, one["quote"])


def shared(questions: list[Question]) -> list[str]:
    """Notes that answer questions of both splits; there should be none."""
    of = {split: {key.file for one in questions if one.split == split for key in one.answers} for split in SPLITS}
    return sorted(of["tuning"] & of["test"])
