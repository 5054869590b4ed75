"""Temporal modules by the name under which a recipe selects them."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.models.temporal.frames import Frames
from scratchlab.models.temporal.interface import Temporal
from scratchlab.models.temporal.transformer import Transformer

TEMPORALS: dict[str, Callable[..., Temporal]] = {
    "frames": Frames,
    "transformer": Transformer,
}
