"""Vectors of events: what an encoder makes of each text, read once and kept."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.notebook.index.encoders import Encoder, Vectors
from scratchlab.notebook.index.table import digest, transaction

Told = Callable[[int, int], object]  # is called with how much has been done, and how much there is
Kept = npt.NDArray[np.float16]
TOGETHER = 512  # texts that are kept at once: a kill loses no more
BATCH = 32  # texts that the encoder reads at once
LONGEST = 600  # characters of a text that it reads
SHARED = 3  # directions that are taken from all vectors, most of which is the language they are in
ENOUGH = 256  # texts for each of them: of a few texts everything is shared
SAMPLE = 8192  # vectors that they are found by
_MARKUP = re.compile(r"[#*`>\[\]|_=~]+")


def silent(done: int, total: int) -> None:
    """Tells nobody."""


def plain(text: str) -> str:
    """A text as it is read: its beginning, without marks that mean nothing aloud."""
    return " ".join(_MARKUP.sub(" ", text[:LONGEST]).split()) or "-"


class TextVectors:
    """The vectors of texts that an encoder has read, in a file of their own: they outlive the index, for they take time to make."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"vectors-{encoder.name}.sqlite"
        path.touch(0o600)
        self.encoder = encoder
        self.base = sqlite3.connect(path, isolation_level=None, timeout=60)
        self.base.execute("CREATE TABLE IF NOT EXISTS vectors(digest TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")

    def of(self, texts: Sequence[str], told: Told = silent) -> Kept:
        """`[n, size]` of n texts; those not seen before are read now, the short ones first.

        told: is called with how many of these have been read, and how many there are.
        """
        keys = [digest(text.encode("utf-8", "replace")) for text in texts]
        self._read(dict(zip(keys, texts, strict=True)), told)
        made = np.empty((len(keys), self.encoder.size), np.float16)
        for start in range(0, len(keys), TOGETHER):
            some = keys[start : start + TOGETHER]
            held = dict(self._rows("digest, vector", some))
            made[start : start + TOGETHER] = np.frombuffer(b"".join(held[key] for key in some), np.float16).reshape(len(some), -1)
        return made

    def _read(self, texts: dict[str, str], told: Told) -> None:
        keys = list(texts)
        known = {row[0] for start in range(0, len(keys), TOGETHER) for row in self._rows("digest", keys[start : start + TOGETHER])}
        new = sorted((key for key in keys if key not in known), key=lambda key: len(texts[key]))
        for start in range(0, len(new), TOGETHER):
            some = new[start : start + TOGETHER]
            read = [self.encoder.texts([texts[key] for key in some[i : i + BATCH]]) for i in range(0, len(some), BATCH)]
            rows = [(key, vector.tobytes()) for key, vector in zip(some, np.concatenate(read).astype(np.float16), strict=True)]
            with transaction(self.base):
                self.base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            told(min(start + TOGETHER, len(new)), len(new))

    def _rows(self, columns: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        return self.base.execute(f"SELECT {columns} FROM vectors WHERE digest IN ({', '.join('?' * len(keys))})", keys)


class Meaning:
    """How alike events are to a question, by one encoder or more: the mean of their cosines.

    texts: of the events, each with the headings above it (empty if there are none).
    """

    def __init__(self, texts: Sequence[tuple[str, str]], vectors: Sequence[TextVectors], told: Told = silent) -> None:
        self._likenesses = [Likeness([_read_by(one.encoder, *text) for text in texts], one, told) for one in vectors]

    def cosines(self, question: str) -> Vectors:
        """`[n]`: of every event with a question."""
        return np.stack([one.cosines(question) for one in self._likenesses]).mean(0)


def _read_by(encoder: Encoder, above: str, text: str) -> str:
    return plain(f"{above} · {text}" if above and encoder.reads_above else text)


class Likeness:
    """The vectors of texts, ready to be compared with a question's.

    Two lines of one language are alike before they mean anything. So the mean of all is taken from each vector, and the few directions in
    which all of them vary most (Mu and Viswanath, ICLR 2018, arXiv:1702.01417); of what is left the first half is held, which finds no
    worse than all of it and takes half the time.
    """

    def __init__(self, texts: Sequence[str], vectors: TextVectors, told: Told = silent) -> None:
        self._encoder = vectors.encoder
        made = vectors.of(texts, told)
        some = made[:: max(len(made) // SAMPLE, 1)].astype(np.float32)
        self._mean = some.mean(0) if len(some) else np.zeros(vectors.encoder.size, np.float32)
        self._directions = directions(some - self._mean)
        self._events = np.empty((len(made), self._directions.shape[1]), np.float32)
        for start in range(0, len(made), SAMPLE):
            self._events[start : start + SAMPLE] = self._turned(made[start : start + SAMPLE].astype(np.float32))

    def cosines(self, question: str) -> Vectors:
        """`[n]`: of every text with a question."""
        return self._events @ self._turned(self._encoder.question(plain(question)))

    def _turned(self, vectors: Vectors) -> Vectors:
        left = (vectors - self._mean) @ self._directions
        return left / np.maximum(np.linalg.norm(left, axis=-1, keepdims=True), np.float32(1e-6))


def directions(centred: Vectors) -> Vectors:
    """`[size, size / 2]`: those in which centred vectors `[n, size]` vary most, but for the few that all share."""
    _, found = np.linalg.eigh(centred.T @ centred)
    ordered = found[:, ::-1]
    shared = min(SHARED, len(centred) // ENOUGH)
    return np.ascontiguousarray(ordered[:, shared : shared + len(ordered) // 2])
