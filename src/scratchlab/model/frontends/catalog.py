"""The front-ends a recipe can name."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.model.frontends.log_mel import LogMel
from scratchlab.model.frontends.lpc import LPC
from scratchlab.model.frontends.pixels import Pixels
from scratchlab.model.interface import Frontend

FRONTENDS: dict[str, Callable[..., Frontend]] = {
    "log_mel": LogMel,
    "lpc": LPC,
    "pixels": Pixels,
}
