"""The kinds of label noise a recipe can name in [noise]."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.data.noise.column import Column
from scratchlab.data.noise.given import Noise
from scratchlab.data.noise.pair import Pair
from scratchlab.data.noise.symmetric import Symmetric


def none() -> None:
    """No label noise: methods train on the source's labels."""


NOISES: dict[str, Callable[..., Noise | None]] = {
    "none": none,
    "symmetric": Symmetric,
    "pair": Pair,
    "column": Column,
}
