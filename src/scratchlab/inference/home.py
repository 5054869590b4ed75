"""A home: enrolled words, which answer for new recordings."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scratchlab.checks import Problem, counted
from scratchlab.inference import inputs as inputs_of
from scratchlab.inference import measuring
from scratchlab.inference.embedding import LEAD, PARTS, SETTINGS, Steps
from scratchlab.inference.measuring import NOTHING, RATES, Rates, Scored
from scratchlab.inference.prediction import Prediction, Source
from scratchlab.inference.recognizer import Recognizer
from scratchlab.inference.recordings import SHORTEST, Recording
from scratchlab.metrics.estimate import Estimate
from scratchlab.recipe import Values, resolve
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Floats, Waveform

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, repr=False)
class Home:
    """Enrolled words, with the embedder that compares sounds with their recordings.

    parts: the sections of the embedder and of the similarity; steps: embeds sound. references: `[m, t, c]` of each recording. refused: file
    and fault of recordings that could not be enrolled. origin: the run that trained the embedder; empty for a published one. weights: of a
    trained embedder. others: steps `[t, c]` of sounds that are none of the words, by file. scored: what leaving recordings out gave.
    threshold: the lowest score that is answered; None: every sound is. rates: what
    it was chosen for.

    >>> from scratchlab.inference.enrolment import empty, enrol  # enrol("my_words", "home") makes one
    >>> empty().classes, empty().steps.reference(np.ones(8000, dtype=np.float32)).shape  # `[variants, t, c]` of half a second
    ((), torch.Size([2, 9, 96]))
    """

    parts: Values
    steps: Steps
    recordings: tuple[Recording, ...] = ()
    references: tuple[Tensor, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    origin: str = ""
    weights: Arrays = field(default_factory=dict[str, npt.NDArray[Any]])
    others: tuple[tuple[str, Tensor], ...] = ()
    scored: Scored = NOTHING
    threshold: float | None = None
    rates: Rates = RATES

    @property
    def classes(self) -> tuple[str, ...]:
        """The words, sorted."""
        return tuple(sorted({recording.word for recording in self.recordings}))

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """`[r]`: the index of each recording's word."""
        place = {word: number for number, word in enumerate(self.classes)}
        return np.array([place[recording.word] for recording in self.recordings], dtype=np.int64)

    # -- what to expect ----------------------------------------------------------------------------------

    @functools.cached_property
    def figures(self) -> dict[str, Estimate]:
        """Accuracy, and with the threshold `recognised` and `false_acceptance`, measured by leaving recordings out."""
        return measuring.figures(self.scored, self.rates)

    @functools.cached_property
    def suspicions(self) -> dict[int, str]:
        """Recordings that look wrong, by number."""
        return measuring.suspicions(self.scored, self.classes)

    @property
    def alike(self) -> list[tuple[str, str]]:
        """Pairs of words that are nearly the same."""
        return [(self.classes[a], self.classes[b]) for a, b in measuring.nearly_same(measuring.confusions(self.scored))]

    @property
    def remarks(self) -> list[tuple[str, str]]:
        """File and sentence for everything that is wrong with the recordings."""
        own = [(one.file, fault) for one in self.recordings for fault in one.faults]
        compared = [(self.recordings[number].file, suspicion) for number, suspicion in self.suspicions.items()]
        refused = [(file, f"{fault}, so that it is left out") for file, fault in self.refused]
        return sorted([*refused, *own, *compared])

    def __repr__(self) -> str:
        """`Home(6 words, 30 recordings, threshold -0.081)`."""
        threshold = "no threshold" if self.threshold is None else f"threshold {self.threshold:.3f}"
        return f"Home({counted(len(self.classes), 'word')}, {counted(len(self.recordings), 'recording')}, {threshold})"

    # -- answering --------------------------------------------------------------------------------------

    @functools.cached_property
    def recognizer(self) -> Recognizer:
        """Compares steps with the recordings."""
        recipe = resolve(self.parts, PARTS, SETTINGS)
        similarity: Similarity = next(iter(recipe.build("similarity", PARTS).values()))
        return Recognizer(similarity, self.references, torch.from_numpy(self.labels), len(self.classes), self.steps.seconds)

    def predict(self, inputs: Source | Iterable[Source], rate: int | None = None) -> list[Prediction]:
        """The answer for each recording: a file of any rate, or an array `[samples]`, full scale ±1.

        rate: of arrays, in Hz; default: that of the embedder. Raises Problem for what is no recording, and for less than 0.1 s.
        """
        named = [(source, inputs_of.named(source, number)) for number, source in enumerate(inputs_of.listed(inputs), 1)]
        sounds = [(name, inputs_of.read(source, Waveform(self.steps.rate), name, rate)) for source, name in named]
        return [Prediction.of(name, self.classes, self.scores(sound, name).numpy(), self.threshold) for name, sound in sounds]

    def scores(self, sound: Floats, name: str = "The sound") -> Tensor:
        """`[k]`: scores of the words for a sound `[samples]` at the embedder's rate: the best of its steps."""
        if (seconds := len(sound) / self.steps.rate) < SHORTEST:
            raise Problem(f"{name} is too short: {seconds:.2f} s, where a word needs {SHORTEST} s or more.")
        return self.recognizer.clip(self.steps(sound, LEAD, self.recognizer.tail))
