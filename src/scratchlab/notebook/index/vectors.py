"""Vectors of texts: what an encoder makes of each, read once and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.notebook import derived
from scratchlab.notebook.index.encoders import Encoder
from scratchlab.notebook.index.table import transaction

Told = Callable[[int, int], object]  # is called with how much has been done, and how much there is
Kept = npt.NDArray[np.float16]
TOGETHER = 512  # that SQLite is asked for at once
BATCH = 32  # texts that the encoder reads at once
SCHEMA = "CREATE TABLE IF NOT EXISTS vectors(digest TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"


def silent(done: int, total: int) -> None:
    """Tells nobody."""


class TextVectors:
    """The vectors of texts that an encoder has read, in a file of their own: they outlive the index, for they take time to make."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.encoder = encoder
        self.base = derived.opened(folder / f"vectors-{encoder.name}.sqlite", lambda base: base.execute(SCHEMA))

    def unread(self, keys: Sequence[str]) -> list[str]:
        """Those of these digests of texts whose vectors are not held, or not whole, each once."""
        whole = 2 * self.encoder.size  # bytes
        held = {key for some in _some(keys) for key, length in self._rows("digest, length(vector)", some) if length == whole}
        return [key for key in dict.fromkeys(keys) if key not in held]

    def read(self, texts: Mapping[str, str], told: Told = silent) -> None:
        """Reads texts, by their digests, the short ones first, and keeps their vectors: a kill loses about a second of reading.

        told: is called with how many have been read, and how many there are.
        """
        done = 0
        for some in _portions(texts, self.encoder.speed):
            vectors = [self.encoder.texts([texts[key] for key in some[i : i + BATCH]]) for i in range(0, len(some), BATCH)]
            rows = [(key, vector.tobytes()) for key, vector in zip(some, np.concatenate(vectors).astype(np.float16), strict=True)]
            with transaction(self.base):
                self.base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            done += len(some)
            told(done, len(texts))

    def of(self, keys: Sequence[str]) -> Kept:
        """`[n, size]` of n texts that have been read, by their digests; zeros for one that is not finite."""
        made = np.empty((len(keys), self.encoder.size), np.float16)
        for start, some in enumerate(_some(keys)):
            held = dict(self._rows("digest, vector", some))
            made[start * TOGETHER :][: len(some)] = np.frombuffer(b"".join(held[key] for key in some), np.float16).reshape(len(some), -1)
        made[~np.isfinite(made).all(axis=1)] = 0
        return made

    def _rows(self, columns: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        return self.base.execute(f"SELECT {columns} FROM vectors WHERE digest IN ({', '.join('?' * len(keys))})", keys)


def _some(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + TOGETHER] for start in range(0, len(keys), TOGETHER))


def _portions(texts: Mapping[str, str], most: int) -> Iterator[list[str]]:
    """The keys of texts, the short ones first, in lists of about so many characters."""
    portion: list[str] = []
    characters = 0
    for key in sorted(texts, key=lambda key: len(texts[key])):
        portion.append(key)
        characters += len(texts[key])
        if characters >= most:
            yield portion
            portion, characters = [], 0
    if portion:
        yield portion
