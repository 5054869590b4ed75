"""Events ranked by the words they share with a question: BM25 over their own text and what stands above it."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence

from scratchlab.notebook.events import Span
from scratchlab.notebook.recall.asking_words import expression, terms

ABOVE = 0.5  # what a word above an event counts, beside one in it
MOST = 100


def ranked(base: sqlite3.Connection, words: Sequence[str], span: Span | None, most: int = MOST) -> list[tuple[int, float]]:
    """Ids of events and their scores, the best first; only of those whose time meets the span, if there is one."""
    query = expression(list(words))
    if not query:
        return []
    score = f"-bm25(words, 1.0, {ABOVE})"
    if span is None:
        found = base.execute(f"SELECT rowid, {score} FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", (query, most))
    else:
        found = base.execute(
            f"SELECT events.id, {score} AS score FROM words JOIN events ON events.id = words.rowid "
            "WHERE words MATCH ? AND events.start < ? AND events.finish > ? ORDER BY score DESC LIMIT ?",
            (query, span.end.isoformat(), span.start.isoformat(), most),
        )
    return found.fetchall()


def rarity(base: sqlite3.Connection, words: Sequence[str]) -> dict[str, float]:
    """How much each word tells: the logarithm of how many events there are to one that has it; of CJK the mean of its pairs."""
    total = base.execute("SELECT count(*) FROM events").fetchone()[0]
    return {word: _mean([math.log((total + 1) / (_count(base, term) + 0.5)) for term in terms(word)]) for word in words}


def shared(base: sqlite3.Connection, words: Sequence[str], ids: Sequence[int]) -> dict[int, set[str]]:
    """Which terms of the words each of these events has."""
    among = ", ".join(map(str, ids))
    held: dict[int, set[str]] = {one: set() for one in ids}
    for term in dict.fromkeys(term for word in words for term in terms(word)):
        for (one,) in base.execute(f"SELECT rowid FROM words WHERE words MATCH ? AND rowid IN ({among})", (term,)):
            held[one].add(term)
    return held


def _count(base: sqlite3.Connection, term: str) -> int:
    return base.execute("SELECT count(*) FROM words WHERE words MATCH ?", (term,)).fetchone()[0]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
