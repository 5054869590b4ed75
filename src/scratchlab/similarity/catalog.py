"""The similarities a recipe can name, each by a table [similarity.NAME]."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.similarity.alignment import DTW, SoftDTW
from scratchlab.similarity.cka import CKA
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.matching import Chamfer, OneToOne, Product
from scratchlab.similarity.vector import L2, Cosine

SIMILARITIES: dict[str, Callable[..., Similarity]] = {
    "chamfer": Chamfer,
    "cka": CKA,
    "cosine": Cosine,
    "dtw": DTW,
    "l2": L2,
    "one_to_one": OneToOne,
    "product": Product,
    "soft_dtw": SoftDTW,
}
