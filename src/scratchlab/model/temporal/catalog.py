"""What a recipe can name to make steps of frames."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.model.temporal.frames import Frames
from scratchlab.model.temporal.interface import Temporal
from scratchlab.model.temporal.transformer import Transformer

TEMPORALS: dict[str, Callable[..., Temporal]] = {
    "frames": Frames,
    "transformer": Transformer,
}
