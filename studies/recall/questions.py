"""Questions with the lines that answer them, as `studies/diary/questions.toml` holds them."""

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
    """Lines of a file, counted from 1, both ends inside, that answer a question; `quote` stands in them."""

    file: str
    first: int
    last: int
    quote: str


@dataclass(frozen=True)
class Question:
    """now: the day it is asked. answers: any of them is right; none if it cannot be answered."""

    id: str
    text: str
    language: str
    kind: str
    now: date
    split: str
    answers: tuple[Key, ...]

    @property
    def note(self) -> str:
        """The note whose answers resemble each other, so that intervals draw it as a whole; the question itself if there is none."""
        return self.answers[0].file if self.answers else self.id


def read(path: Path) -> list[Question]:
    """All questions of the file.

    Raises Problem naming the question and what is wrong with it.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Problem(f"{path} cannot be read: {error}") from None
    found = [_question(path, row) for row in said.get("question", [])]
    if twice := sorted({one.id for one in found if sum(one.id == other.id for other in found) > 1}):
        raise Problem(f"{path}: more than one question is called {listing(twice)}; each needs an id of its own")
    return found


def _question(path: Path, row: dict[str, Any]) -> Question:
    """One table of the file."""
    where = f"{path}: question '{row.get('id', '?')}'"
    try:
        keys = tuple(_key(one) for one in row["answers"])
        found = Question(row["id"], row["text"], row["language"], row["kind"], row["now"], row["split"], keys)
    except (KeyError, TypeError, ValueError) as error:
        raise Problem(f"{where} lacks something: {error}") from None
    for name, value, known in (("kind", found.kind, KINDS), ("language", found.language, LANGUAGES), ("split", found.split, SPLITS)):
        if value not in known:
            raise Problem(f"{where} has no {name} '{value}'.{nearest(value, known)} Known here: {listing(known)}")
    if bool(keys) == (found.kind == "unanswerable"):
        raise Problem(f"{where} is {found.kind} and has {'an answer' if keys else 'none'}")
    return found


def _key(one: dict[str, Any]) -> Key:
    """One answer of a question."""
    first, last = one["lines"]
    return Key(one["file"], first, last, one["quote"])


def shared(questions: list[Question]) -> list[str]:
    """Notes that questions of both splits are answered by; there should be none."""
    of = {split: {key.file for one in questions if one.split == split for key in one.answers} for split in SPLITS}
    return sorted(of["tuning"] & of["test"])
