"""The methods a recipe can name in [method]."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.learn.methods.interface import Method
from scratchlab.learn.methods.prototypes import Prototypes

METHODS: dict[str, Callable[..., Method]] = {
    "prototypes": Prototypes,
}
