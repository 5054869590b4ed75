"""Layers prepared once for several comparisons: with each other, with other layers, and with the labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from scratchlab.kernels.grams import CentredKernels, Grams
from scratchlab.kernels.layers import Layer, layer

Features = Mapping[str, Tensor]  # by layer: `[n, ...]`


@dataclass(frozen=True)
class Ready:
    """Layers over the same n inputs: their centred kernels, if `products.kernels_fit`, or else their centred features.

    reasons: for each layer, why it cannot be compared, or "".
    """

    names: tuple[str, ...]
    reasons: tuple[str, ...]
    kernels: CentredKernels | None = None
    layers: tuple[Layer, ...] = ()


def ready(features: Features, *, kernels: bool) -> Ready:
    """Prepare layers over the same n inputs, as kernels or as features."""
    if kernels:
        centred = Grams().of(list(features.items()))
        return Ready(tuple(features), tuple(centred.reasons), kernels=centred)
    layers = tuple(layer(name, values) for name, values in features.items())
    return Ready(tuple(features), tuple(prepared.reason for prepared in layers), layers=layers)
