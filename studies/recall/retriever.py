"""The interface of retrievers, which return the lines that answer a question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

MOST = 5  # hits that count


@dataclass(frozen=True)
class Hit:
    """Lines of a file, inclusive, counted from 1. score: certainty, comparable within one retriever."""

    path: str
    line: int
    last: int
    score: float = 0.0


class Retriever(Protocol):
    """Searches one folder of notes."""

    def answers(self, question: str, now: date) -> list[Hit]:
        """At most five hits, best first, with paths relative to the folder; empty if nothing is found."""
        ...
