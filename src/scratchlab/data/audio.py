"""One recording from disk: mono, at the rate that is asked for, or a sentence that says what is wrong with the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from scratchlab.checks import Problem
from scratchlab.types import Batch, Floats

SUFFIXES = (".wav", ".flac", ".ogg")

Clip = npt.NDArray[np.int16] | Floats

INT16_STEP = np.float32(2.0**-15)
"""What one step of 16-bit sound is worth when full scale is 1."""

_CUT_SHORT = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)
_LENGTH_UNKNOWN = 0x7FFFF000
"""From here on a WAV header gives no length: whoever wrote it was streaming and did not know it yet."""


def decode(path: Path, rate: int) -> Floats:
    """The recording as mono `[samples]` at `rate` per second, full scale ±1. Raises Problem for a file that gives no sound."""
    clip = compact(path, rate)
    return clip * INT16_STEP if clip.dtype == np.int16 else clip.astype(np.float32, copy=False)


def compact(path: Path, rate: int) -> Clip:
    """The same recording, as int16 where that is exact (16-bit mono at `rate` already), else as float32.

    Channels are averaged; other rates are resampled (soxr, high quality).
    """
    sound, native, promised = _read(path, rate)
    if len(sound) < promised:
        raise Problem(f"{path} is damaged: it promises {promised} samples and only {len(sound)} can be decoded.")
    if sound.dtype != np.int16:
        if not np.isfinite(sound).all():
            raise Problem(f"{path} holds values that are not finite (NaN or infinite).")
        sound = sound.mean(axis=1) if sound.ndim == 2 else sound
        if native != rate:
            sound = soxr.resample(sound, native, rate, quality="HQ")
    if len(sound) == 0:
        raise Problem(f"{path} is empty: it holds no sound at all.")
    return sound


def padded(clips: Sequence[Clip]) -> Batch:
    """Clips of any lengths as one batch: `[n, longest]` float32, zeros after the end of each.

    One copy a clip; where lengths agree this is as fast as gathering all at once, since either way only memory moves.
    """
    lengths = np.array([len(clip) for clip in clips], dtype=np.int64)
    values: Floats = np.zeros((len(clips), lengths.max(initial=0)), dtype=np.float32)
    for row, clip in zip(values, clips, strict=True):
        inside = row[: len(clip)]
        inside[:] = clip
        if clip.dtype == np.int16:
            inside *= INT16_STEP
    return Batch(values, lengths)


def _read(path: Path, rate: int) -> tuple[Clip, int, int]:
    """What the decoder gives: sound `[samples]` or `[samples, channels]`, its rate, and how many samples the header promises."""
    try:
        with soundfile.SoundFile(path) as file:
            if file.format == "WAV":
                _refuse_cut_short(path, file.extra_info)
            exact = file.subtype == "PCM_16" and file.channels == 1 and file.samplerate == rate
            sound = cast(Clip, file.read(dtype="int16" if exact else "float32"))
            return sound, file.samplerate, file.frames
    except soundfile.SoundFileError as error:
        if not path.is_file():
            raise Problem(f"There is no recording at {path}.") from None
        raise Problem(f"{path} cannot be decoded as sound: {str(error).rpartition(': ')[2].rstrip('.')}.") from None


def _refuse_cut_short(path: Path, info: str) -> None:
    """For WAV the library quietly believes the file's size instead of its header; only its log tells."""
    found = _CUT_SHORT.search(info)
    if found and int(found[2]) < int(found[1]) < _LENGTH_UNKNOWN:
        raise Problem(f"{path} is cut short: its header promises {found[1]} bytes of sound and {found[2]} are there.")
