"""Vectors of events, distilled from those of their words: an encoder reads each word of the vault once, and never a whole text.

An event's vector is the mean of its words' vectors, each less the mean of all words and weighted by how rare it is (Arora, Liang and Ma,
ICLR 2017, without its last step). Vectors of events are never stored: the cosine to a question is a sparse product with the words'.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.notebook.index.encoders import Encoder, Vectors
from scratchlab.notebook.index.table import transaction
from scratchlab.notebook.index.words import ENGLISH, words

Told = Callable[[int, int], object]  # is called with how much has been done, and how much there is
TOGETHER = 512  # words that an encoder reads at once


def silent(done: int, total: int) -> None:
    """Tells nobody."""


def telling(text: str) -> list[str]:
    """The words that a text's vector is made of: not numbers, nor those that only hold sentences together."""
    return [word for word in words(text) if len(word) > 1 and not word[0].isdigit() and word not in ENGLISH]


class WordVectors:
    """The vectors of words that an encoder has read, kept in a file of their own: they outlive the index."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"words-{encoder.name}.sqlite"
        path.touch(0o600)
        self.encoder = encoder
        self.base = sqlite3.connect(path, isolation_level=None, timeout=60)
        self.base.execute("CREATE TABLE IF NOT EXISTS vectors(word TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")

    def of(self, words: Sequence[str], told: Told = silent) -> Vectors:
        """`[n, size]` of n words; those not seen before are read now.

        told: is called with how many of them have been read, and how many there are.
        """
        held: dict[str, bytes] = {}
        for start in range(0, len(words), TOGETHER):
            some = words[start : start + TOGETHER]
            held |= dict(self.base.execute(f"SELECT word, vector FROM vectors WHERE word IN ({', '.join('?' * len(some))})", some))
        new = [word for word in dict.fromkeys(words) if word not in held]
        for start in range(0, len(new), TOGETHER):
            some = new[start : start + TOGETHER]
            read = {word: vector.tobytes() for word, vector in zip(some, self.encoder.encode(some).astype(np.float16), strict=True)}
            with transaction(self.base):
                self.base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", read.items())
            held |= read
            told(min(start + TOGETHER, len(new)), len(new))
        if not words:
            return np.zeros((0, self.encoder.size), np.float32)
        return np.frombuffer(b"".join(held[word] for word in words), np.float16).reshape(len(words), -1).astype(np.float32)


class Meaning:
    """Events by the words they hold, ready to be compared with a question.

    ids: of the events, `[n]`.
    """

    def __init__(self, ids: Sequence[int], bags: Iterable[Sequence[str]], vectors: WordVectors, told: Told = silent) -> None:
        from scipy import sparse

        self.vocabulary: dict[str, int] = {}
        starts, columns = [0], list[int]()
        for bag in bags:
            columns += [self.vocabulary.setdefault(word, len(self.vocabulary)) for word in bag]
            starts.append(len(columns))
        self.ids = np.asarray(ids, np.int64)
        self.vectors = vectors
        words = vectors.of(list(self.vocabulary), told)
        self.mean = words.mean(0) if len(words) else np.zeros(vectors.encoder.size, np.float32)
        self.words = words - self.mean
        held = np.bincount(np.asarray(columns, np.int64), minlength=len(self.vocabulary))
        self.rarity = np.log((len(ids) + 1) / (held + 0.5)).clip(0).astype(np.float32)
        weights = self.rarity[np.asarray(columns, np.int64)]
        self.bags: Any = sparse.csr_matrix((weights, columns, starts), shape=(len(ids), len(self.vocabulary)))
        self.lengths = self._lengths()

    @classmethod
    def of(cls, base: sqlite3.Connection, vectors: WordVectors, told: Told = silent) -> Meaning:
        """That of all events in a table."""
        rows = base.execute("SELECT id, text, heading, under FROM events ORDER BY id").fetchall()
        return cls([row[0] for row in rows], (telling(" ".join(row[1:])) for row in rows), vectors, told)

    def _lengths(self, together: int = 8192) -> npt.NDArray[np.float32]:
        parts = [np.linalg.norm(self.bags[i : i + together] @ self.words, axis=1) for i in range(0, len(self.ids), together)]
        return np.concatenate([*parts, np.zeros(0, np.float32)])

    def question(self, words: Sequence[str]) -> npt.NDArray[np.float32]:
        """The vector of a question's words, of length one; zero if it has none."""
        if not words:
            return np.zeros(self.mean.shape, np.float32)
        rarest = np.log(len(self.ids) + 1)
        weights = np.array([self.rarity[self.vocabulary[word]] if word in self.vocabulary else rarest for word in words], np.float32)
        vector = weights @ (self.vectors.of(list(words)) - self.mean)
        return (vector / (np.linalg.norm(vector) or 1)).astype(np.float32)

    def cosines(self, question: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """`[n]`: of every event with a question's vector; 0 of an event without words."""
        return (self.bags @ (self.words @ question)) / np.maximum(self.lengths, 1e-6)
