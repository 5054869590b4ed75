"""What is asked: a retriever says where an answer stands, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

MOST = 5  # hits that count


@dataclass(frozen=True)
class Hit:
    """Lines of a file, counted from 1, both ends inside. score: how sure it is, larger is surer, comparable within one retriever."""

    path: str
    line: int
    last: int
    score: float = 0.0


class Retriever(Protocol):
    """Knows one folder of notes."""

    def answers(self, question: str, now: date) -> list[Hit]:
        """At most five, the best first, paths relative to the folder; none means "nothing found"."""
        ...
