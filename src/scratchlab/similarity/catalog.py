"""The similarities by the names under which recipes select them, in tables [similarity.NAME]."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.similarity.alignment import DTW, SoftDTW
from scratchlab.similarity.cka_matrices import CKA
from scratchlab.similarity.ctc_likelihood import CTC
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.matching import Chamfer, OneToOne, Product
from scratchlab.similarity.otam_paths import OTAM
from scratchlab.similarity.transport import OrderPreservingTransport
from scratchlab.similarity.vector import L2, CentredCosine, Cosine, Linear

SIMILARITIES: dict[str, Callable[..., Similarity]] = {
    "centred_cosine": CentredCosine,
    "chamfer": Chamfer,
    "cka": CKA,
    "cosine": Cosine,
    "ctc": CTC,
    "dtw": DTW,
    "l2": L2,
    "linear": Linear,
    "one_to_one": OneToOne,
    "order_preserving_transport": OrderPreservingTransport,
    "otam": OTAM,
    "product": Product,
    "soft_dtw": SoftDTW,
}
