"""The similarities a recipe can name, each by a table [similarity.NAME]."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import L2, Cosine

SIMILARITIES: dict[str, Callable[..., Similarity]] = {
    "cosine": Cosine,
    "l2": L2,
}
