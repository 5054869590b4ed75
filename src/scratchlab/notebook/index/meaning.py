"""Vectors of events: what an encoder makes of each text, read once and kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from scratchlab.notebook import derived
from scratchlab.notebook.index.encoders import Encoder, Vectors
from scratchlab.notebook.index.table import digest, transaction

Told = Callable[[int, int], object]  # is called with how much has been done, and how much there is
TOGETHER = 512  # texts that are kept at once: a kill loses no more
BATCH = 32  # texts that the encoder reads at once
LONGEST = 600  # characters of a text that it reads
SCHEMA = "CREATE TABLE IF NOT EXISTS vectors(digest TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
_MARKUP = re.compile(r"[#*`>\[\]|_=~]+")


def silent(done: int, total: int) -> None:
    """Tells nobody."""


def plain(text: str) -> str:
    """A text as it is read: its beginning, without marks that mean nothing aloud."""
    return " ".join(_MARKUP.sub(" ", text[:LONGEST]).split()) or "-"


class TextVectors:
    """The vectors of texts that an encoder has read, in a file of their own: they outlive the index, for they take time to make."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.encoder = encoder
        self.base = derived.opened(folder / f"vectors-{encoder.name}.sqlite", lambda base: base.execute(SCHEMA))

    def of(self, texts: Sequence[str], told: Told = silent) -> Vectors:
        """`[n, size]` of n texts; those not seen before are read now, the short ones first.

        told: is called with how many of these have been read, and how many there are.
        """
        keys = [digest(text.encode("utf-8", "replace")) for text in texts]
        held = self._held(list(dict.fromkeys(keys)))
        new = sorted(({key: text for key, text in zip(keys, texts, strict=True) if key not in held}).items(), key=lambda one: len(one[1]))
        for start in range(0, len(new), TOGETHER):
            some = new[start : start + TOGETHER]
            read = [self.encoder.encode([text for _, text in some[i : i + BATCH]]) for i in range(0, len(some), BATCH)]
            made = {key: vector.tobytes() for (key, _), vector in zip(some, np.concatenate(read).astype(np.float16), strict=True)}
            with transaction(self.base):
                self.base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", made.items())
            held |= made
            told(min(start + TOGETHER, len(new)), len(new))
        joined = b"".join(held[key] for key in keys)
        return np.frombuffer(joined, np.float16).reshape(len(keys), self.encoder.size).astype(np.float32)

    def _held(self, keys: Sequence[str]) -> dict[str, bytes]:
        held: dict[str, bytes] = {}
        for start in range(0, len(keys), TOGETHER):
            some = keys[start : start + TOGETHER]
            held |= dict(self.base.execute(f"SELECT digest, vector FROM vectors WHERE digest IN ({', '.join('?' * len(some))})", some))
        return held


class Meaning:
    """The vectors of events, ready to be compared with a question's. What all texts have in common is taken away from each first."""

    def __init__(self, texts: Sequence[str], vectors: TextVectors, told: Told = silent) -> None:
        self._vectors = vectors
        made = vectors.of([plain(text) for text in texts], told)
        self._mean = made.mean(0) if len(made) else np.zeros(vectors.encoder.size, np.float32)
        self._events = self._directions(made)

    def cosines(self, question: str) -> Vectors:
        """`[n]`: of every event with a question."""
        return self._events @ self._directions(self._vectors.encoder.encode([plain(question)]))[0]

    def _directions(self, vectors: Vectors) -> Vectors:
        centred = vectors - self._mean
        return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), np.float32(1e-6))
