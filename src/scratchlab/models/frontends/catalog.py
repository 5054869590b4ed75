"""The front-ends a recipe can name."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.models.frontends.lpc import LPC
from scratchlab.models.frontends.pixels import Pixels
from scratchlab.models.frontends.speech_mel import SpeechMel
from scratchlab.models.interface import Frontend

FRONTENDS: dict[str, Callable[..., Frontend]] = {
    "log_mel": LogMel,
    "lpc": LPC,
    "pixels": Pixels,
    "speech_mel": SpeechMel,
}
