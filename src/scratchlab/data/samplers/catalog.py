"""The samplers a recipe can name in [sampler]."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.data.samplers.class_balanced import ClassBalanced
from scratchlab.data.samplers.episodes import Episodes
from scratchlab.data.samplers.interface import Sampler
from scratchlab.data.samplers.shuffled import Shuffled

SAMPLERS: dict[str, Callable[..., Sampler]] = {
    "class_balanced": ClassBalanced,
    "episodes": Episodes,
    "shuffled": Shuffled,
}
