"""Layers made ready once, to be compared as often as anybody asks: with each other, with other layers, with the labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from scratchlab.kernels.grams import Grams, Held
from scratchlab.kernels.layers import Layer, layer

Features = Mapping[str, Tensor]  # by layer: `[n, ...]`


@dataclass(frozen=True)
class Ready:
    """Layers of the same n inputs: their centred kernels, of which `products.held` says when they pay, or else their centred features.

    reasons: of each layer why it cannot be compared, or "".
    """

    names: tuple[str, ...]
    reasons: tuple[str, ...]
    held: Held | None = None
    layers: tuple[Layer, ...] = ()


def ready(features: Features, *, kernels: bool) -> Ready:
    """Of layers of the same n inputs, of which nothing is kept but what they are compared by."""
    if kernels:
        made = Grams().of(list(features.items()))
        return Ready(tuple(features), tuple(made.reasons), held=made)
    layers = tuple(layer(*one) for one in features.items())
    return Ready(tuple(features), tuple(one.reason for one in layers), layers=layers)
