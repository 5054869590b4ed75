"""The recordings of words to enrol: listed, decoded, and checked for faults that can be heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from scratchlab.checks import Problem
from scratchlab.data import audio
from scratchlab.data.sources import recordings
from scratchlab.types import Floats

SHORTEST, LONGEST = 0.1, 2.0  # seconds of a word
SILENT_DB, QUIET_DB = -60.0, -40.0  # dB of full scale, of the loudest 25 ms
CLIPPED = 0.001  # share of samples at full scale
FRAME = 0.025  # seconds

Progress = Callable[[Sequence[str]], Iterable[str]]


@dataclass(frozen=True)
class Recording:
    """A recording of a word.

    sound: `[samples]` at the embedder's rate, full scale ±1, in steps of 16 bits. level: dB of full scale of its loudest 25 ms. faults:
    what is wrong with the sound, as sentences without a subject; usable: whether it can be a reference in spite of them.
    """

    word: str
    file: str
    seconds: float
    level: float
    sound: Floats
    faults: tuple[str, ...] = ()
    usable: bool = True

    def with_fault(self, fault: str, **changes: Any) -> Recording:
        """Returns a copy of the recording with one more fault; `changes` replaces other fields."""
        return replace(self, faults=(*self.faults, fault), **changes)


def of_folder(root: Path, rate: int, progress: Progress = list) -> Iterator[Recording]:
    """Yields the recordings of a folder that contains a folder for each word, WORD/*.wav, at any depth. progress: wraps the file names.

    Raises Problem for a folder without words, a word without recordings, a recording outside of a word's folder, and a damaged file.
    """
    if not root.is_dir():
        raise Problem(f"There is no folder {root}; give one that contains a folder of recordings for each word, WORD/*.wav.")
    names = recordings.below(root)
    if not names:
        raise Problem(
            f"{root} contains no recording ({recordings.SUFFIX_LIST}); put those of each word into a folder of its own, WORD/*.wav."
        )
    if outside := [name for name in names if "/" not in name]:
        raise Problem(f"{root / outside[0]} is not in a word's folder; put it into a folder named after its word.")
    if empty := sorted({*recordings.folders(root)} - {name.partition("/")[0] for name in names}):
        raise Problem(f"The folder {root / empty[0]} contains no recording ({recordings.SUFFIX_LIST}); fill or remove it.")
    for name in progress(names):
        yield read(root / name, name.partition("/")[0], rate)


def others(root: Path, rate: int, progress: Progress = list) -> Iterator[Recording]:
    """Yields the recordings of a folder, at any depth, whole: sounds that are none of the words. Raises Problem where there are none."""
    names = recordings.below(root) if root.is_dir() else []
    if not names:
        raise Problem(f"{root} contains no recording ({recordings.SUFFIX_LIST}) of other sounds; give a folder of them with --others.")
    for name in progress(names):
        sound = audio.decode(root / name, rate)
        yield Recording("", str(root / name), round(len(sound) / rate, 3), loudest_db(sound, rate), sound)


def read(path: Path, word: str, rate: int) -> Recording:
    """A recording, with the faults of its sound. Raises Problem for a damaged or empty file."""
    own, native = audio.at_own_rate(path)
    sound = np.round(audio.resampled(own, native, rate) / audio.INT16_STEP) * audio.INT16_STEP
    seconds, level = len(sound) / rate, loudest_db(sound, rate)
    given = Recording(word, str(path), round(seconds, 3), level, sound)
    if seconds < SHORTEST:
        return given.with_fault(f"is too short: {seconds:.2f} s, where a word needs {SHORTEST} s or more", usable=False)
    if level < SILENT_DB:
        return given.with_fault("is silent", usable=False)
    if level < QUIET_DB:
        given = given.with_fault(f"is too quiet: {level:.0f} dB of full scale at its loudest; record nearer to the microphone")
    if (share := clipped_share(own)) > CLIPPED:
        given = given.with_fault(f"is clipped: {share:.1%} of its samples are at full scale; record more quietly")
    if seconds > LONGEST:
        fault = f"is too long: {seconds:.1f} s; only the loudest {LONGEST:.0f} s are used, but one recording should hold one word"
        given = given.with_fault(fault, sound=loudest_part(sound, rate))
    return given


def _power(sound: Floats, rate: int) -> Floats:
    """Mean power of each 25 ms, `[frames]`; of a shorter sound, one frame."""
    size = min(len(sound), round(FRAME * rate))
    frames = sound[: len(sound) // size * size].reshape(-1, size)
    return np.square(frames, dtype=np.float64).mean(axis=1).astype(np.float32)


def loudest_db(sound: Floats, rate: int) -> float:
    """Root mean square of the loudest 25 ms of a sound `[samples]`, in dB of full scale.

    >>> loudest_db(np.full(400, 0.1, dtype=np.float32), 16_000)
    -20.0
    """
    return round(10 * float(np.log10(max(_power(sound, rate).max(), 1e-12))), 3)


def clipped_share(sound: Floats) -> float:
    """Share of samples at the largest absolute value of the sound that have an equal neighbour there, if this is near full scale."""
    peak = float(np.abs(sound).max())
    if peak < 0.5:
        return 0.0
    flat = np.abs(sound) >= peak * 0.999
    return float((flat[1:] & flat[:-1] & (np.sign(sound[1:]) == np.sign(sound[:-1]))).mean()) if len(sound) > 1 else 0.0


def loudest_part(sound: Floats, rate: int) -> Floats:
    """The `LONGEST` seconds of a sound with the most energy."""
    width = round(LONGEST * rate)
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    start = int((energy[width:] - energy[:-width]).argmax())
    return sound[start : start + width]
