"""How alike events are to a question, by the vectors of their texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from scratchlab.notebook.index.encoders import Encoder, Vectors
from scratchlab.notebook.index.table import digest
from scratchlab.notebook.index.vectors import Kept, TextVectors, Told, silent

LONGEST = 600  # characters of a text that are read
SHARED = 3  # directions that are taken from all vectors, most of which is the language they are in
ENOUGH = 256  # texts for each of them: of a few texts everything is shared
SAMPLE = 8192  # vectors that they are found by
_MARKUP = re.compile(r"[#*`>\[\]|_=~]+")


def plain(text: str) -> str:
    """A text as it is read: its beginning, without marks that mean nothing aloud."""
    return " ".join(_MARKUP.sub(" ", text[:LONGEST]).split()) or "-"


class Meaning:
    """How alike events are to a question, by one encoder or more: the mean of their cosines.

    left_out: by name, encoders that would have had to read for longer than there was patience, and for how many seconds of one core.
    telling: whether the cosines tell enough to be held against a bound; of a few texts almost all is shared.
    """

    def __init__(
        self, texts: Sequence[tuple[str, str] | None], vectors: Sequence[TextVectors], told: Told = silent, patience: float | None = None
    ) -> None:
        """Texts of the events, each with the headings above it (empty if there are none); None for one that is not to be read.

        patience: seconds that encoders may read for before the question is answered; None if they are to read all there is.
        """
        self.left_out: dict[str, float] = {}
        self._likenesses: list[Likeness] = []
        self._read = np.array([place for place, text in enumerate(texts) if text is not None], np.int64)
        self._events = len(texts)
        self.telling = len(self._read) >= ENOUGH
        for one in vectors:
            read = [_read_by(one.encoder, *text) for text in texts if text is not None]
            keys = [digest(text.encode("utf-8", "replace")) for text in read]
            known = dict(zip(keys, read, strict=True))
            new = {key: known[key] for key in one.unread(keys)}
            seconds = sum(map(len, new.values())) / one.encoder.speed
            if patience is not None and seconds > patience:
                self.left_out[one.encoder.name] = seconds
                continue
            patience = None if patience is None else patience - seconds
            one.read(new, told)
            self._likenesses.append(Likeness(one.of(keys), one.encoder))

    def __bool__(self) -> bool:
        """Whether any encoder has read."""
        return bool(self._likenesses)

    def cosines(self, question: str) -> Vectors:
        """`[n]`: of every event with a question; 0 of what was not to be read."""
        alike = np.zeros(self._events, np.float32)
        alike[self._read] = np.stack([one.cosines(question) for one in self._likenesses]).mean(0)
        return alike


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
