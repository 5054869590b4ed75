"""Sound as it comes: from a microphone, a file, or raw samples of a pipe."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from scratchlab.checks import Problem, installed
from scratchlab.data import audio
from scratchlab.types import Floats

PIECE = 0.08  # seconds at a time


def file(path: Path, rate: int) -> Iterator[Floats]:
    """Yields the samples of a recording of any rate in pieces, full scale ±1. Raises Problem for a damaged one."""
    sound = audio.decode(path, rate)
    for start in range(0, len(sound), round(PIECE * rate)):
        yield sound[start : start + round(PIECE * rate)]


def pipe(source: BinaryIO, rate: int) -> Iterator[Floats]:
    """Yields the samples of a pipe until it ends: raw, 16 bits, little endian, one channel, at this rate."""
    left = b""
    while content := source.read(2 * round(PIECE * rate)):
        content = left + content
        whole = len(content) // 2 * 2
        left = content[whole:]
        yield np.frombuffer(content[:whole], dtype="<i2") * audio.INT16_STEP


def microphone(rate: int) -> Iterator[Floats]:
    """Yields what the default microphone hears, until interrupted. Raises Problem where there is none, or no library to read it."""
    installed("Listening to a microphone", "microphone", "sounddevice")
    try:
        import sounddevice
    except OSError as error:  # the library PortAudio of the system
        raise Problem(
            f"The microphone cannot be read: {error}. Install PortAudio (apt install libportaudio2), or give a file, or - for a pipe."
        ) from None
    device, pieces = cast(Any, sounddevice), queue.SimpleQueue[Floats]()

    def keep(values: Floats, *_: object) -> None:
        pieces.put(values[:, 0].copy())

    try:
        with device.InputStream(samplerate=rate, channels=1, dtype="float32", blocksize=round(PIECE * rate), callback=keep):
            while True:
                yield pieces.get()
    except device.PortAudioError as error:
        raise Problem(f"There is no microphone to listen to ({str(error).splitlines()[0]}); give a file, or - for a pipe.") from None
