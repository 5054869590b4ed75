"""Vectors of events, distilled from those of their words: an encoder reads each word of the vault once, and never a whole text.

An event's vector is the mean of its words' vectors, each less the mean of all words and weighted by how rare it is (Arora, Liang and Ma, ICLR 2017,
without its last step). Vectors of events are never stored: the cosine to a question is a sparse product with the words' cosines.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scratchlab.notebook.index.encoders import Encoder, Vectors
from scratchlab.notebook.index.table import transaction

TOGETHER = 512  # words that an encoder reads at once


class WordVectors:
    """The vectors of words that an encoder has read, kept in a file of their own: they outlive the index."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"words-{encoder.name}.sqlite"
        path.touch(0o600)
        self.encoder = encoder
        self.base = sqlite3.connect(path, isolation_level=None, timeout=60)
        self.base.execute("CREATE TABLE IF NOT EXISTS vectors(word TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")

    def of(self, words: Sequence[str], told: Callable[[int, int], object] = lambda done, total: None) -> Vectors:
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

    def __init__(self, ids: Sequence[int], bags: Iterable[Sequence[tuple[str, float]]], vectors: WordVectors) -> None:
        from scipy import sparse

        vocabulary: dict[str, int] = {}
        starts, columns, weights = [0], list[int](), list[float]()
        for bag in bags:
            for word, weight in bag:
                columns.append(vocabulary.setdefault(word, len(vocabulary)))
                weights.append(weight)
            starts.append(len(columns))
        self.ids = np.asarray(ids, np.int64)
        self.vectors = vectors
        self.vocabulary = vocabulary
        words = vectors.of(list(vocabulary))
        self.mean = words.mean(0) if len(words) else np.zeros(vectors.encoder.size, np.float32)
        self.words = words - self.mean
        bag_of = sparse.csr_matrix((np.asarray(weights, np.float32), columns, starts), shape=(len(ids), len(vocabulary)))
        self.rarity = np.log((len(ids) + 1) / (np.bincount(bag_of.indices, minlength=len(vocabulary)) + 0.5)).astype(np.float32)
        self.bags = sparse.csr_matrix(bag_of.multiply(self.rarity[None]))
        self.lengths = self._lengths()

    def _lengths(self, together: int = 8192) -> npt.NDArray[np.float32]:
        parts = [np.linalg.norm(self.bags[i : i + together] @ self.words, axis=1) for i in range(0, self.bags.shape[0], together)]
        return np.concatenate([*parts, np.zeros(0, np.float32)])

    def question(self, words: Sequence[str]) -> npt.NDArray[np.float32]:
        """The vector of a question's words, of length one; zero if it has none."""
        if not words:
            return np.zeros(self.mean.shape, np.float32)
        rarest = np.log(len(self.ids) + 1)
        weights = np.array([self.rarity[self.vocabulary[word]] if word in self.vocabulary else rarest for word in words], np.float32)
        vector = weights @ (self.vectors.of(list(words)) - self.mean)
        return vector / (np.linalg.norm(vector) or 1)

    def cosines(self, question: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """`[n]`: of every event with a question's vector; 0 of an event without words."""
        return (self.bags @ (self.words @ question)) / np.maximum(self.lengths, 1e-6)
