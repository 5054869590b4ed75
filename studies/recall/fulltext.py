"""SQLite's FTS5 over paragraphs, ranked by BM25, with one of its tokenizers."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

from recall.notes import chunks, pieces, runs, words
from recall.retriever import MOST, Hit


class FullText:
    """Full-text search. tokenizer: `unicode61` or `trigram`."""

    def __init__(self, root: Path, tokenizer: str) -> None:
        self.tokenizer = tokenizer
        self.table = sqlite3.connect(":memory:")
        self.table.execute(
            f"CREATE VIRTUAL TABLE notes USING fts5(text, file UNINDEXED, first UNINDEXED, last UNINDEXED, tokenize='{tokenizer}')"
        )
        self.table.executemany("INSERT INTO notes VALUES (?, ?, ?, ?)", [(one.text, one.file, one.first, one.last) for one in chunks(root)])

    def answers(self, question: str, now: date) -> list[Hit]:
        """Paragraphs that contain any of the terms."""
        if not (terms := self._terms(question)):
            return []
        query = " OR ".join(f'"{one}"' for one in terms)
        rows = self.table.execute(
            "SELECT file, first, last, -bm25(notes) FROM notes WHERE notes MATCH ? ORDER BY bm25(notes), rowid LIMIT ?", (query, MOST)
        )
        return [Hit(*row) for row in rows]

    def _terms(self, question: str) -> list[str]:
        """Terms that the tokenizer can find: Chinese is split into pieces; for trigrams, terms have at least three characters."""
        if self.tokenizer == "unicode61":
            return words(question)
        found = [one for run in runs(question) for one in ([run] if run.isascii() else pieces(run, 3))]
        return [one for one in dict.fromkeys(found) if len(one) >= 3]
