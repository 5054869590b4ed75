"""A question in, lines out: the heart of the notebook on one page.

time named        -> only what tells of that time
words             -> BM25 ranks        meaning -> cosine ranks (with the extra `meaning`)
both              -> one rank, by reciprocals (Cormack, Clarke and Büttcher, SIGIR 2009)
nothing like it   -> said plainly, with the reason
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scratchlab.notebook.dates.windows import Window, window
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.table import COLUMNS, event
from scratchlab.notebook.recall import by_words
from scratchlab.notebook.recall.asking_words import content

SHOWN = 5
K = 60  # of reciprocal rank fusion


@dataclass(frozen=True)
class Evidence:
    """An event that answers, and how well.

    number: by which an answer cites it, from 1.
    """

    number: int
    event: Event
    score: float


@dataclass(frozen=True)
class Found:
    """What was found.

    asked: the question, and the time it names.
    evidence: the best first; in the order of time if nothing but a time was asked for.
    nothing: why there is none, as a sentence; empty if there is some.
    """

    asked: Window
    evidence: list[Evidence]
    nothing: str = ""


def ask(question: str, now: datetime, base: sqlite3.Connection, most: int = SHOWN) -> Found:
    """The lines that answer a question."""
    asked = window(question, now)
    words = content(asked.rest)
    ranks = [[one for one, _ in by_words.ranked(base, words, asked.span)]]
    best = fused(ranks)[:most]
    found = dict(zip(best, read(base, best), strict=True))
    evidence = [Evidence(i, found[one], 0.0) for i, one in enumerate(best, 1)]
    return Found(asked, evidence, "" if evidence else "nothing")


def fused(ranks: Sequence[Sequence[int]]) -> list[int]:
    """Several rankings made one: each gives 1 / (K + rank)."""
    scores: dict[int, float] = {}
    for rank in ranks:
        for i, one in enumerate(rank, 1):
            scores[one] = scores.get(one, 0.0) + 1 / (K + i)
    return sorted(scores, key=lambda one: -scores[one])


def read(base: sqlite3.Connection, ids: Sequence[int]) -> list[Event]:
    """The events of these ids, in their order."""
    rows = {row[0]: event(row[1:]) for row in base.execute(f"SELECT id, {COLUMNS} FROM events WHERE id IN ({', '.join(map(str, ids))})")}
    return [rows[one] for one in ids]
