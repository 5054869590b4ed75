"""LanceDB over paragraphs: by cosine of the embeddings of one of the notebook's encoders, or hybrid, combined with its full-text search by
reciprocal rank fusion, with default settings.
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from recall.notes import chunks, words
from recall.retriever import MOST, Hit
from scratchlab.checks import Problem, installed
from scratchlab.notebook.index.encoders import ENCODERS


class Vectors:
    """Exact search, because there are too few paragraphs for an approximate index."""

    def __init__(self, root: Path, *, hybrid: bool, encoder: str = "e5") -> None:
        installed("the peer LanceDB", "bench", "lancedb")
        import lancedb

        self.encoder = ENCODERS[encoder]()
        self.folder = tempfile.TemporaryDirectory(prefix="recall-")
        parts = chunks(root)
        vectors = self._vectors([part.text for part in parts])
        rows = [
            {"vector": vector, "file": part.file, "text": part.text, "first": part.first, "last": part.last}
            for part, vector in zip(parts, vectors, strict=True)
        ]
        self.table: Any = lancedb.connect(self.folder.name).create_table("notes", rows)
        self.hybrid = hybrid
        if hybrid:
            self.table.create_index("text", config=lancedb.index.FTS())

    def answers(self, question: str, now: date) -> list[Hit]:
        """The nearest paragraphs, with their cosines or sums of reciprocal ranks."""
        vector = self.encoder.question(question)
        if self.hybrid:
            search = self.table.search(query_type="hybrid").vector(vector).text(" ".join(words(question)))
            return [Hit(row["file"], row["first"], row["last"], row["_relevance_score"]) for row in search.limit(MOST).to_list()]
        rows = self.table.search(vector).metric("cosine").limit(MOST).to_list()
        return [Hit(row["file"], row["first"], row["last"], 1 - row["_distance"]) for row in rows]

    def _vectors(self, texts: list[str]) -> np.ndarray:
        """Embeddings `[n, size]` of unit length."""
        found = np.concatenate([self.encoder.texts(texts[i : i + 64]) for i in range(0, len(texts), 64)])
        if not np.isfinite(found).all():
            raise Problem("the sentence encoder returned vectors that are not finite")
        return found
