"""Every similarity as a function of tensors: `dtw(x, y)` is `DTW()(x, y)`."""

from __future__ import annotations

import inspect
from typing import Any, Protocol

from torch import Tensor

from scratchlab.similarity.alignment import DTW, SoftDTW
from scratchlab.similarity.cka_matrices import CKA
from scratchlab.similarity.ctc_likelihood import CTC
from scratchlab.similarity.interface import Lengths, Similarity
from scratchlab.similarity.matching import Chamfer, OneToOne, Product
from scratchlab.similarity.otam_paths import OTAM
from scratchlab.similarity.transport import OrderPreservingTransport
from scratchlab.similarity.vector import L2, CentredCosine, Cosine, Linear


class PairwiseScores(Protocol):
    """A function that returns scores `[n, m]` of x with y, larger is more similar; `settings` are those of the similarity."""

    def __call__(self, x: Tensor, y: Tensor, x_lengths: Lengths = None, y_lengths: Lengths = None, **settings: Any) -> Tensor:
        """Compare x `[n, d]` with y `[m, d]`, or x `[n, t, c]` with y `[m, s, c]`; lengths: numbers of real steps (None: all)."""
        ...


def function_of(kind: type[Similarity], name: str) -> PairwiseScores:
    """The similarity `kind` as a function called `name`, with its settings as keyword arguments."""

    def scores(x: Tensor, y: Tensor, x_lengths: Lengths = None, y_lengths: Lengths = None, **settings: Any) -> Tensor:
        return kind(**settings)(x, y, x_lengths, y_lengths)

    shapes = {"vector": "x `[n, d]`, y `[m, d]`", "matrix": "x `[n, t, c]`, y `[m, s, c]`, lengths `[n]` and `[m]`"}[kind.reads]
    settings_of_kind = [p for p in inspect.signature(kind).parameters.values() if p.name not in ("stream", "references")]
    arguments = [p for p in inspect.signature(scores).parameters.values() if p.kind is not p.VAR_KEYWORD]
    scores.__name__ = scores.__qualname__ = name
    described = (inspect.getdoc(kind) or "").replace(f"{kind.__name__}()(", f"{name}(")  # its examples call the function
    if "import torch" not in described:
        described = described.replace(">>> ", ">>> import torch\n>>> ", 1)
    scores.__doc__ = f"Scores `[n, m]` by {kind.__name__}, of {shapes}.\n\n{described}"
    scores.__signature__ = inspect.Signature([*arguments, *settings_of_kind])  # pyright: ignore[reportFunctionMemberAccess]
    return scores


centred_cosine = function_of(CentredCosine, "centred_cosine")
chamfer = function_of(Chamfer, "chamfer")
cka = function_of(CKA, "cka")
cosine = function_of(Cosine, "cosine")
ctc = function_of(CTC, "ctc")
dtw = function_of(DTW, "dtw")
l2 = function_of(L2, "l2")
linear = function_of(Linear, "linear")
one_to_one = function_of(OneToOne, "one_to_one")
order_preserving_transport = function_of(OrderPreservingTransport, "order_preserving_transport")
otam = function_of(OTAM, "otam")
product = function_of(Product, "product")
soft_dtw = function_of(SoftDTW, "soft_dtw")
