"""Vectors of texts: what an encoder makes of each, read once and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

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

    def held(self, keys: Sequence[str]) -> tuple[Kept, list[int]]:
        """`[n, size]` of n texts by their digests, each given once, and the places of those whose vectors are not held, or not whole.

        These are zeros, as is one that is not finite.
        """
        made = np.zeros((len(keys), self.encoder.size), np.float16)
        place = {key: number for number, key in enumerate(keys)}
        missing = set(range(len(keys)))
        for start in range(0, len(keys), TOGETHER):
            some = keys[start : start + TOGETHER]
            query = f"SELECT digest, vector FROM vectors WHERE digest IN ({', '.join('?' * len(some))})"
            for key, vector in self.base.execute(query, some):
                if len(vector) == made.itemsize * made.shape[1]:
                    made[place[key]] = np.frombuffer(vector, np.float16)
                    missing.discard(place[key])
        made[~np.isfinite(made).all(axis=1)] = 0
        return made, sorted(missing)

    def read(self, texts: Mapping[str, str], told: Told = silent) -> Kept:
        """`[n, size]` of n texts, by their digests: reads them, the short ones first, and keeps them; a kill loses a second of reading.

        told: is called with how many have been read, and how many there are.
        """
        made: dict[str, Kept] = {}
        for some in _portions(texts, self.encoder.speed):
            vectors = [self.encoder.texts([texts[key] for key in some[i : i + BATCH]]) for i in range(0, len(some), BATCH)]
            made |= zip(some, np.concatenate(vectors).astype(np.float16), strict=True)
            with transaction(self.base):
                self.base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", [(key, made[key].tobytes()) for key in some])
            told(len(made), len(texts))
        return np.stack([made[key] for key in texts])


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
