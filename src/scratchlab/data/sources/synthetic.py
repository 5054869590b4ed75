"""Synthetic melodies, for tests and for a first run without data.

All classes consist of the same notes, each class in its own order, so that only the order in time is informative and the
average spectrum is not. Speakers differ in pitch, level and timbre, clips in tempo, onset and noise.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.data import audio
from scratchlab.types import Batch, Floats, Rows, Samples, Waveform

LOWEST, INTERVAL = 300.0, 4.0
"""The first note in Hz, and the step to the next in semitones."""

_SPEAKER, _CLIP, _CLASSES = 1, 2, 3  # separate streams of random numbers


class Synthetic:
    """`classes` × `groups` × `clips` clips, synthesised when they are loaded; a clip depends only on the settings, seed and row.

    `load` of the Samples gives waveforms `[n, samples]`.

    >>> melodies = Synthetic(classes=3, groups=4, clips=5).read()
    >>> len(melodies), melodies.classes, melodies.load(np.arange(2)).values.shape
    (60, ('melody000', 'melody001', 'melody002'), (2, 16000))
    """

    def __init__(
        self,
        *,
        classes: Annotated[int, Field(ge=2, le=120, description="number of classes (melodies)")] = 6,
        groups: Annotated[int, Field(ge=1, description="number of speakers")] = 8,
        clips: Annotated[int, Field(ge=1, description="clips per class and speaker")] = 5,
        seconds: Annotated[float, Field(ge=0.05, description="length of the longest clip, in seconds")] = 1.0,
        vary: Annotated[float, Field(ge=0, le=0.9, description="fraction by which the shortest clip is shorter than the longest")] = 0.0,
        noise: Annotated[float, Field(ge=0, description="amplitude of the noise relative to the melody")] = 0.3,
        rate: Annotated[int, Field(ge=4000, description="samples per second")] = 16000,
        seed: Annotated[int, Field(ge=0, description="seed of the melodies, speakers and clips")] = 0,
    ) -> None:
        self.form = Waveform(rate)
        self.shape = (classes, groups, clips)
        self.seconds, self.vary, self.noise, self.seed = seconds, vary, noise, seed

    def read(self) -> Samples:
        """Lists the clips; they are synthesised by `Samples.load`."""
        classes, groups, clips = self.shape
        labels, speakers, numbers = (index.ravel() for index in np.indices(self.shape))
        return Samples(
            ids=np.array([f"melody{c:03d}/speaker{g:03d}_{i:03d}" for c, g, i in zip(labels, speakers, numbers, strict=True)]),
            labels=labels.astype(np.int64),
            classes=tuple(f"melody{c:03d}" for c in range(classes)),
            groups={"speaker": np.array([f"speaker{g:03d}" for g in speakers])},
            splits=np.full(classes * groups * clips, "", dtype="<U1"),
            form=self.form,
            load=_Melodies(self.seed, _orders(classes, self.seed), self.shape, self.form.rate, self.seconds, self.vary, self.noise).load,
        )


def _orders(classes: int, seed: int) -> list[tuple[int, ...]]:
    """A different permutation of the same notes for each class, with as few notes as give enough permutations (at least three)."""
    notes = next(n for n in range(3, 6) if math.factorial(n) >= classes)
    orders = list(itertools.permutations(range(notes)))
    chosen = np.random.default_rng([seed, _CLASSES]).permutation(len(orders))[:classes]
    return [orders[i] for i in chosen]


@dataclass(frozen=True)
class _Melodies:
    seed: int
    orders: list[tuple[int, ...]]
    shape: tuple[int, int, int]
    rate: int
    seconds: float
    vary: float
    noise: float

    def load(self, rows: Rows) -> Batch:
        """Synthesises clips: values `[len(rows), longest]`, padded with zeros."""
        return audio.padded([self._clip(row) for row in rows.tolist()])

    def _clip(self, row: int) -> Floats:
        _, groups, clips = self.shape
        melody, speaker = row // (groups * clips), row // clips % groups
        voice = np.random.default_rng([self.seed, _SPEAKER, speaker])
        shift, level, overtone = voice.uniform(-3, 3), voice.uniform(0.05, 0.3), voice.uniform(0.1, 0.6)
        rng = np.random.default_rng([self.seed, _CLIP, row])
        length = max(1, round(self.rate * self.seconds * (1 - self.vary * rng.uniform())))
        start, end = rng.uniform(0, 0.15), rng.uniform(0.85, 1)

        order = np.array(self.orders[melody])
        progress = (np.linspace(0, 1, length) - start) / (end - start)
        centres = (np.arange(len(order)) + 0.5) / len(order)
        semitones = INTERVAL * np.interp(progress, centres, order) + shift + rng.normal(0, 0.3)
        phase = 2 * np.pi * np.cumsum(LOWEST * 2 ** (semitones / 12)) / self.rate
        sound = (np.sin(phase) + overtone * np.sin(2 * phase)) * ((progress >= 0) & (progress <= 1))
        return (level * (sound + self.noise * rng.standard_normal(length))).astype(np.float32)
