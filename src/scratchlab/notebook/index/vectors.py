"""A store of text vectors: each text is encoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.notebook import derived
from scratchlab.notebook.index.encoders import Encoder
from scratchlab.notebook.index.table import transaction

ProgressCallback = Callable[[int, int], object]  # called with (done, total)
StoredVectors = npt.NDArray[np.float16]
TOGETHER = 512  # keys per SQLite query
BATCH = 32  # texts per call of the encoder
SCHEMA = "CREATE TABLE IF NOT EXISTS vectors(digest TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"


def no_progress(done: int, total: int) -> None:
    """Does nothing."""


class TextVectors:
    """The vectors of one encoder, in their own file: they outlive the index, as they take long to compute."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.encoder = encoder
        self.database = derived.opened(folder / f"vectors-{encoder.name}.sqlite", lambda database: database.execute(SCHEMA))

    def unread(self, keys: Sequence[str]) -> list[str]:
        """The digests, without duplicates, whose vectors are missing or incomplete."""
        full_size = 2 * self.encoder.size  # bytes
        stored = {key for chunk in _chunks(keys) for key, length in self._rows("digest, length(vector)", chunk) if length == full_size}
        return [key for key in dict.fromkeys(keys) if key not in stored]

    def read(self, texts: Mapping[str, str], progress: ProgressCallback = no_progress) -> None:
        """Encodes texts (by digest), short ones first, and stores their vectors; a kill loses about a second of work.

        progress: called with the number of encoded texts, and of all.
        """
        done = 0
        for chunk in _portions(texts, self.encoder.speed):
            vectors = [self.encoder.texts([texts[key] for key in chunk[i : i + BATCH]]) for i in range(0, len(chunk), BATCH)]
            rows = [(key, vector.tobytes()) for key, vector in zip(chunk, np.concatenate(vectors).astype(np.float16), strict=True)]
            with transaction(self.database):
                self.database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            done += len(chunk)
            progress(done, len(texts))

    def of(self, keys: Sequence[str]) -> StoredVectors:
        """`[n, size]`: the stored vectors of n digests; zeros for vectors that are not finite."""
        vectors = np.empty((len(keys), self.encoder.size), np.float16)
        for start, chunk in enumerate(_chunks(keys)):
            stored = dict(self._rows("digest, vector", chunk))
            vectors[start * TOGETHER :][: len(chunk)] = np.frombuffer(b"".join(stored[key] for key in chunk), np.float16).reshape(
                len(chunk), -1
            )
        vectors[~np.isfinite(vectors).all(axis=1)] = 0
        return vectors

    def _rows(self, columns: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        return self.database.execute(f"SELECT {columns} FROM vectors WHERE digest IN ({', '.join('?' * len(keys))})", keys)


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + TOGETHER] for start in range(0, len(keys), TOGETHER))


def _portions(texts: Mapping[str, str], most: int) -> Iterator[list[str]]:
    """Splits the keys of texts, short ones first, into lists of about `most` characters."""
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
