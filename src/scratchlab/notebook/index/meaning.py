"""Semantic similarity of events to a question: cosines of text vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from scratchlab.notebook.index.encoders import Encoder, Vectors
from scratchlab.notebook.index.table import digest
from scratchlab.notebook.index.vectors import ProgressCallback, StoredVectors, TextVectors, no_progress

LONGEST = 600  # characters of a text that are encoded
SHARED = 3  # principal directions removed from all vectors; they mostly encode the language
ENOUGH = 256  # texts needed for each removed direction
SAMPLE = 8192  # vectors from which the directions are estimated
_MARKUP = re.compile(r"[#*`>\[\]|_=~]+")


def plain(text: str) -> str:
    """The beginning of a text, without Markdown markup, as it is encoded."""
    return " ".join(_MARKUP.sub(" ", text[:LONGEST]).split()) or "-"


class Meaning:
    """Cosines between a question and all events, averaged over the encoders.

    left_out: encoders that would have taken too long to encode new texts: name -> seconds on one core.
    reliable: whether there are enough texts for comparing cosines with a threshold.
    """

    def __init__(
        self,
        texts: Sequence[tuple[str, str] | None],
        vectors: Sequence[TextVectors],
        progress: ProgressCallback = no_progress,
        patience: float | None = None,
    ) -> None:
        """Encodes what is new.

        texts: (headings, text) of each event; None for events that are not encoded.
        patience: seconds that encoding may take; None for no limit.
        """
        self.left_out: dict[str, float] = {}
        self._similarities: list[CentredVectors] = []
        self._encoded = np.array([place for place, text in enumerate(texts) if text is not None], np.int64)
        self._events = len(texts)
        self.reliable = len(self._encoded) >= ENOUGH
        for source in vectors:
            passages = [_read_by(source.encoder, *text) for text in texts if text is not None]
            keys = [digest(text.encode("utf-8", "replace")) for text in passages]
            known = dict(zip(keys, passages, strict=True))
            new = {key: known[key] for key in source.unread(keys)}
            seconds = sum(map(len, new.values())) / source.encoder.speed
            if patience is not None and seconds > patience:
                self.left_out[source.encoder.name] = seconds
                continue
            patience = None if patience is None else patience - seconds
            source.read(new, progress)
            self._similarities.append(CentredVectors(source.of(keys), source.encoder))

    def __bool__(self) -> bool:
        """Whether any encoder is used."""
        return bool(self._similarities)

    def cosines(self, question: str) -> Vectors:
        """`[n]`: the cosine of each event with a question; 0 for events that are not encoded."""
        cosines = np.zeros(self._events, np.float32)
        cosines[self._encoded] = np.stack([similarity.cosines(question) for similarity in self._similarities]).mean(0)
        return cosines


def _read_by(encoder: Encoder, above: str, text: str) -> str:
    return plain(f"{above} · {text}" if above and encoder.reads_above else text)


class CentredVectors:
    """An encoder's vectors, postprocessed for comparison with questions.

    Texts in one language are similar regardless of meaning. Therefore the mean and the first few principal directions are removed (Mu and
    Viswanath, ICLR 2018, arXiv:1702.01417). Of the remaining principal directions the first half is kept, which retrieves as well and takes
    half the time.
    """

    def __init__(self, stored: StoredVectors, encoder: Encoder) -> None:
        self._encoder = encoder
        sample = stored[:: max(len(stored) // SAMPLE, 1)].astype(np.float32)
        self._mean = sample.mean(0) if len(sample) else np.zeros(encoder.size, np.float32)
        self._directions = directions(sample - self._mean)
        self._events = np.empty((len(stored), self._directions.shape[1]), np.float32)
        for start in range(0, len(stored), SAMPLE):
            self._events[start : start + SAMPLE] = self._project(stored[start : start + SAMPLE].astype(np.float32))

    def cosines(self, question: str) -> Vectors:
        """`[n]`: the cosine of each text with a question."""
        return self._events @ self._project(self._encoder.question(plain(question)))

    def _project(self, vectors: Vectors) -> Vectors:
        projected = (vectors - self._mean) @ self._directions
        return projected / np.maximum(np.linalg.norm(projected, axis=-1, keepdims=True), np.float32(1e-6))


def directions(centred: Vectors) -> Vectors:
    """`[size, size / 2]`: the principal directions of centred vectors `[n, size]`, without the first few."""
    _, eigenvectors = np.linalg.eigh(centred.T @ centred)
    descending = eigenvectors[:, ::-1]
    shared = min(SHARED, len(centred) // ENOUGH)
    return np.ascontiguousarray(descending[:, shared : shared + len(descending) // 2])
