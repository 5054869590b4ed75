"""Decoding of recordings: mono, resampled to the wanted rate, with clear errors for damaged files."""

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
"""Value of one step of 16-bit audio where full scale is ±1."""

_CUT_SHORT = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)
_LENGTH_UNKNOWN = 0x7FFFF000
"""A WAV header with this length or more states no length: a streaming writer did not know it yet."""


def decode(path: Path, rate: int) -> Floats:
    """Decodes a recording to mono float32 `[samples]` at `rate` Hz, full scale ±1. Raises Problem for a missing, damaged or empty file."""
    clip = compact(path, rate)
    return clip * INT16_STEP if clip.dtype == np.int16 else clip.astype(np.float32, copy=False)


def compact(path: Path, rate: int) -> Clip:
    """Decodes a recording to mono `[samples]`: int16 where the file is 16-bit mono at `rate` already (lossless), else float32.

    Channels are averaged; other rates are resampled (soxr, high quality). Raises Problem for a missing, damaged or empty file.
    """
    sound, native = _mono(path, rate)
    sound = sound if native == rate else soxr.resample(sound, native, rate, quality="HQ")
    if len(sound) == 0:
        raise Problem(f"{path} is empty: it contains no samples.")
    return sound


def at_own_rate(path: Path) -> tuple[Floats, int]:
    """Decodes a recording to mono float32 `[samples]`, full scale ±1, and its rate in Hz. Raises Problem as `decode`."""
    sound, rate = _mono(path, 0)
    if len(sound) == 0:
        raise Problem(f"{path} is empty: it contains no samples.")
    return sound.astype(np.float32, copy=False), rate


def _mono(path: Path, rate: int) -> tuple[Clip, int]:
    """A recording as mono `[samples]`, int16 where the file is 16-bit mono at `rate`, else float32; and its own rate."""
    sound, native, stated = _read(path, rate)
    if len(sound) < stated:
        raise Problem(f"{path} is damaged: its header states {stated} samples, but only {len(sound)} can be decoded.")
    if sound.dtype != np.int16:
        if not np.isfinite(sound).all():
            raise Problem(f"{path} contains values that are not finite (NaN or infinite).")
        sound = sound.mean(axis=1) if sound.ndim == 2 else sound
    return sound, native


def resampled(values: npt.ArrayLike, native: int, rate: int, name: str = "The sound") -> Floats:
    """Sound `[samples]` in memory, of full scale ±1 or int16, as float32 at `rate` Hz. Raises Problem, naming it, for anything else."""
    sound = np.asarray(values)
    if sound.ndim != 1 or len(sound) == 0 or sound.dtype.kind not in "fi":
        raise Problem(f"{name} must be samples [n] of one channel, as floats of full scale 1; here {list(sound.shape)} of {sound.dtype}.")
    if sound.dtype.kind == "i" and sound.dtype != np.int16:
        raise Problem(f"{name} has samples of type {sound.dtype}, whose full scale is unknown; convert them to floats of full scale 1.")
    floats = sound * INT16_STEP if sound.dtype == np.int16 else sound.astype(np.float32)
    if not np.isfinite(floats).all():
        raise Problem(f"{name} contains values that are not finite (NaN or infinite).")
    return floats if native == rate else soxr.resample(floats, native, rate, quality="HQ")


def padded(clips: Sequence[Clip]) -> Batch:
    """Stacks clips of any lengths into one batch: values `[n, longest]` float32, padded with zeros.

    Copies clip by clip; for clips of equal length this is as fast as one gather, since memory bandwidth is the limit.
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
    """Decodes a file: sound `[samples]` or `[samples, channels]`, its own rate, and the number of samples that the header states."""
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
        raise Problem(f"{path} cannot be decoded as audio: {str(error).rpartition(': ')[2].rstrip('.')}.") from None


def _refuse_cut_short(path: Path, info: str) -> None:
    """Raises Problem for a truncated WAV file. libsndfile silently uses the file's size instead of the header; only its log shows it."""
    match = _CUT_SHORT.search(info)
    if match and int(match[2]) < int(match[1]) < _LENGTH_UNKNOWN:
        raise Problem(f"{path} is cut short: its header states {match[1]} bytes of audio, but the file has {match[2]}.")
