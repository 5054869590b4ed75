"""Vectors of events: what an encoder makes of each text, read once and kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.notebook import derived
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

    def unread(self, keys: Sequence[str]) -> list[str]:
        """Those of these digests of texts whose vectors are not held, each once."""
        held = {row[0] for some in _some(keys) for row in self._rows("digest", some)}
        return [key for key in dict.fromkeys(keys) if key not in held]

    def read(self, texts: Mapping[str, str], told: Told = silent) -> None:
        """Reads texts, by their digests, the short ones first, and keeps their vectors.

        told: is called with how many have been read, and how many there are.
        """
        done = 0
        for some in _some(sorted(texts, key=lambda key: len(texts[key]))):
            vectors = [self.encoder.texts([texts[key] for key in some[i : i + BATCH]]) for i in range(0, len(some), BATCH)]
            rows = [(key, vector.tobytes()) for key, vector in zip(some, np.concatenate(vectors).astype(np.float16), strict=True)]
            with transaction(self.base):
                self.base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            done += len(some)
            told(done, len(texts))

    def of(self, keys: Sequence[str]) -> Kept:
        """`[n, size]` of n texts that have been read, by their digests."""
        made = np.empty((len(keys), self.encoder.size), np.float16)
        for start, some in enumerate(_some(keys)):
            held = dict(self._rows("digest, vector", some))
            made[start * TOGETHER :][: len(some)] = np.frombuffer(b"".join(held[key] for key in some), np.float16).reshape(len(some), -1)
        return made

    def _rows(self, columns: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        return self.base.execute(f"SELECT {columns} FROM vectors WHERE digest IN ({', '.join('?' * len(keys))})", keys)


def _some(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + TOGETHER] for start in range(0, len(keys), TOGETHER))


class Meaning:
    """How alike events are to a question, by one encoder or more: the mean of their cosines.

    left_out: by name, encoders that would have had to read for longer than there was patience, and for how many seconds of one core.
    """

    def __init__(
        self, texts: Sequence[tuple[str, str]], vectors: Sequence[TextVectors], told: Told = silent, patience: float | None = None
    ) -> None:
        """Texts of the events, each with the headings above it (empty if there are none).

        patience: seconds that an encoder may read for before the question is answered; None if it is to read all there is.
        """
        self.left_out: dict[str, float] = {}
        self._likenesses: list[Likeness] = []
        for one in vectors:
            read = [_read_by(one.encoder, *text) for text in texts]
            keys = [digest(text.encode("utf-8", "replace")) for text in read]
            known = dict(zip(keys, read, strict=True))
            new = {key: known[key] for key in one.unread(keys)}
            if patience is not None and (seconds := sum(map(len, new.values())) / one.encoder.speed) > patience:
                self.left_out[one.encoder.name] = seconds
                continue
            one.read(new, told)
            self._likenesses.append(Likeness(one.of(keys), one.encoder))

    def __bool__(self) -> bool:
        """Whether any encoder has read."""
        return bool(self._likenesses)

    def cosines(self, question: str) -> Vectors:
        """`[n]`: of every event with a question."""
        return np.stack([one.cosines(question) for one in self._likenesses]).mean(0)


def _read_by(encoder: Encoder, above: str, text: str) -> str:
    return plain(f"{above} · {text}" if above and encoder.reads_above else text)


class Likeness:
    """The vectors of texts that an encoder made, ready to be compared with a question's.

    Two lines of one language are alike before they mean anything. So the mean of all is taken from each vector, and the few directions in
    which all of them vary most (Mu and Viswanath, ICLR 2018, arXiv:1702.01417); of what is left the first half is held, which finds no
    worse than all of it and takes half the time.
    """

    def __init__(self, made: Kept, encoder: Encoder) -> None:
        self._encoder = encoder
        some = made[:: max(len(made) // SAMPLE, 1)].astype(np.float32)
        self._mean = some.mean(0) if len(some) else np.zeros(encoder.size, np.float32)
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
