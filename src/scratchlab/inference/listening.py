"""Hears enrolled words in a stream of sound: one mel and one embedding step for every 80 ms, and each word once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.inference.embedding import CONTEXT, LEAD, StepStream
from scratchlab.inference.home import Home
from scratchlab.inference.recognizer import LOWEST, Recognizer
from scratchlab.inference.steps import STEP
from scratchlab.models.frontends.speech_mel import RATE, SHORTEST
from scratchlab.types import Floats

PATIENCE = 0.4  # seconds for which a word waits for a better score before it is reported


@dataclass(frozen=True)
class Heard:
    """A word that was heard, with its best score. seconds: from the start of the stream to about the end of the word."""

    word: str
    seconds: float
    score: float

    def __str__(self) -> str:
        return f"{self.seconds:8.2f} s  {self.word}  (score {self.score:.3f})"


class RecentScores:
    """Scores of words at each step of a stream, from the steps as they come; it keeps those that the longest reference spans."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.recognizer = recognizer
        self.steps = recognizer.mean.new_zeros(0, len(recognizer.mean))
        self.similarities = self.steps.new_zeros(0, len(recognizer.averaging))

    def push(self, steps: Tensor) -> Tensor:
        """`[t, k]`: the scores of the words at each of the next steps `[t, c]`."""
        known, before = torch.cat([self.steps, steps]), len(self.similarities)
        similarities = torch.cat([self.similarities, self.recognizer.similarities(known, len(self.steps))])
        scores = self.recognizer.words(similarities)[before:]
        self.steps = known[max(0, len(known) - self.recognizer.longest + 1) :]
        self.similarities = similarities[max(0, len(similarities) - self.recognizer.horizon + 1) :]
        return scores


class Events:
    """Finds words in scores over time: each once, when its score has not grown for `PATIENCE`.

    The same word can be heard again after its score has fallen below the threshold.
    """

    def __init__(self, words: tuple[str, ...], threshold: float) -> None:
        self.words, self.threshold = words, threshold
        self.waiting: Heard | None = None
        self.sounding = ""  # the word that was reported last, until its score falls below the threshold

    def push(self, scores: Floats, seconds: float) -> Heard | None:
        """The word that is certain now. scores: `[k]` at this step; seconds: its time."""
        best = int(scores.argmax())
        word, score = self.words[best], float(scores[best])
        if self.sounding and scores[self.words.index(self.sounding)] < self.threshold:
            self.sounding = ""
        if score >= self.threshold and word != self.sounding and (self.waiting is None or score > self.waiting.score):
            self.waiting = Heard(word, seconds, score)
        return self.take() if self.waiting and seconds - self.waiting.seconds >= PATIENCE else None

    def take(self) -> Heard | None:
        """The word that is waiting, if any."""
        heard, self.waiting = self.waiting, None
        self.sounding = heard.word if heard else self.sounding
        return heard


class Listener:
    """Hears the words of a home in samples as they come, at 16 kHz.

    best: `[k]`, the best scores of the words so far; after `finish`, those of the same sound as a file. Raises Problem for a home without
    threshold, and for one whose embedder needs whole clips.

    >>> import tempfile, soundfile
    >>> from pathlib import Path
    >>> from scratchlab.inference.enrolment import enrol
    >>> folder, second = Path(tempfile.mkdtemp()), np.arange(16_000) / 16_000
    >>> for pitch in (200, 500, 1100):
    ...     (folder / "words" / f"word{pitch}").mkdir(parents=True)
    ...     for take in range(3):
    ...         sound = np.sin(6.28 * (pitch + 9 * take) * second) * np.hanning(16_000)
    ...         soundfile.write(folder / "words" / f"word{pitch}" / f"{take}.wav", sound, 16_000)
    >>> listener = Listener(enrol(folder / "words", folder / "home"))
    >>> for piece in np.split(np.sin(6.28 * 505 * second) * np.hanning(16_000), 10):  # of any length
    ...     heard = listener.push(piece)
    >>> heard += listener.finish()  # with three tones, no threshold is sure; the best scores are [word1100, word200, word500]
    >>> int(listener.best.argmax())
    2
    """

    def __init__(self, home: Home) -> None:
        if home.threshold is None:
            raise Problem("These words have no threshold, so that every sound would be a word; give other sounds with --others.")
        self.tail = home.recognizer.tail
        self.stream, self.scores = StepStream(home.steps.embedder), RecentScores(home.recognizer)
        self.events = Events(home.classes, home.threshold)
        self.best: Floats = np.full(len(home.classes), LOWEST, dtype=np.float32)
        self.next = SHORTEST / RATE - LEAD - CONTEXT  # seconds of the next step: at the end of a word that its references end with
        self.push(np.zeros(round(LEAD * RATE), dtype=np.float32))

    def push(self, samples: Floats) -> list[Heard]:
        """The words that these samples `[k]` make certain, full scale ±1."""
        return list(self._heard(torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))))

    def _heard(self, samples: Tensor) -> Iterator[Heard]:
        steps = self.stream.push(samples)
        if not len(steps):
            return
        for scores in self.scores.push(steps).numpy():
            self.best = np.maximum(self.best, scores)
            if heard := self.events.push(scores, self.next):
                yield heard
            self.next += STEP / RATE

    def finish(self) -> list[Heard]:
        """The words that the end of the stream makes certain."""
        heard = self.push(np.zeros(round(self.tail * RATE), dtype=np.float32))
        last = self.events.take()
        return [*heard, *([last] if last else [])]
