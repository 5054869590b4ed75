"""Measures enrolled words by leaving recordings out: accuracy, the threshold of "unknown", and recordings and words that look wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scratchlab.inference.recognizer import Recognizer
from scratchlab.metrics.detection import alarms_per_hour, detection_curve, events
from scratchlab.metrics.estimate import Estimate, over_groups, undefined
from scratchlab.types import Floats

PAUSE = 10.0  # seconds between files, so that no event is in two
BLOCK = 2.0  # seconds of other sounds that count as one unknown sound
UNLIKE = 3.5  # median absolute deviations below the median at which a recording is unlike the others of its word
SAME = 0.3  # share of a word's recordings that are taken for the other word, from which two words are nearly the same


Names = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Negatives:
    """Best scores `[m]` of unknown sounds; folds: which of them are left out together; groups: which of them depend on each other."""

    scores: Floats
    folds: Names
    groups: Names


@dataclass(frozen=True)
class Scored:
    """Scores of recordings that took no part in what they are compared with.

    labels: `[r]` the word of each recording. left_out: `[r, k]` scores of each recording with it left out of the references. unknown: `[r]`
    best score of each recording with its word left out, as if that were unknown; empty if there is one word. others: `[n]` best score at
    each step of other sounds; files: `[n]` the number of each one's file; step_seconds: from step to step.
    """

    labels: npt.NDArray[np.int64]
    left_out: Floats
    unknown: Floats
    others: Floats
    files: npt.NDArray[np.int64]
    step_seconds: float

    @property
    def measurable(self) -> npt.NDArray[np.bool_]:
        """`[r]`: whether the recording's word has another one, so that it can be left out."""
        return np.bincount(self.labels)[self.labels] > 1

    @property
    def of_words(self) -> Names:
        """`[r]`: the fold of each recording, its word."""
        return np.array([f"word {label}" for label in self.labels], dtype=np.str_)

    @property
    def of_files(self) -> Names:
        """`[n]`: the fold of each step of other sounds, one of two halves of the files."""
        return np.array(["files 0", "files 1"], dtype=np.str_)[self.files % 2]

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """`[n]`: the time of each step of other sounds in seconds, the files one after the other."""
        return self.step_seconds * np.arange(len(self.others)) + PAUSE * self.files

    @property
    def negatives(self) -> Negatives:
        """All unknown sounds: recordings as if their word were unknown, and each `BLOCK` of other sounds."""
        by_file = {int(number): self.others[self.files == number] for number in np.unique(self.files)}
        blocks = {number: max(1, int(len(own) * self.step_seconds / BLOCK)) for number, own in by_file.items()}
        files: npt.NDArray[np.int64] = np.repeat(list(blocks), list(blocks.values())).astype(np.int64)
        best = [float(part.max()) for number, own in by_file.items() for part in np.array_split(own, blocks[number])]
        words = self.of_words[: len(self.unknown)]
        return Negatives(
            np.concatenate([self.unknown, np.array(best, dtype=np.float32)]),
            np.concatenate([words, np.array([f"files {number % 2}" for number in files], dtype=np.str_)]),
            np.concatenate([words, np.array([f"file {number}" for number in files], dtype=np.str_)]),
        )


_NONE: Floats = np.zeros(0, dtype=np.float32)
NOTHING = Scored(np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32), _NONE, _NONE, np.zeros(0, dtype=np.int64), 1.0)


def score(recognizer: Recognizer, heard: Sequence[Tensor], others: Sequence[Tensor]) -> Scored:
    """Scores of recordings, as heard `[t, c]` each, in the order of the references, and of files with other sounds."""
    labels, count = recognizer.labels, recognizer.count
    left_out = torch.stack([recognizer.without(_only(number, len(labels))).clip(steps) for number, steps in enumerate(heard)])
    unknown = torch.empty(0)
    if count > 1:
        without_word = [recognizer.without(labels == word) for word in range(count)]
        unknown = torch.stack([without_word[int(word)].clip(steps).max() for word, steps in zip(labels, heard, strict=True)])
    best = [recognizer.words(recognizer.similarities(steps)).amax(1) for steps in others]
    files = np.repeat(np.arange(len(best)), [len(part) for part in best])
    scores = torch.cat([*best, torch.empty(0)]).numpy()
    return Scored(labels.numpy(), left_out.numpy(), unknown.numpy(), scores, files, recognizer.step_seconds)


def _only(number: int, count: int) -> Tensor:
    return torch.arange(count) == number


@dataclass(frozen=True)
class Rates:
    """Limits for choosing a threshold.

    false_acceptance: the share of unknown sounds that may be accepted, 0 to 1. false_alarms: how many per hour of other sounds; None: any.
    """

    false_acceptance: float = 0.05
    false_alarms: float | None = None


RATES = Rates()


def threshold(scored: Scored, rates: Rates = RATES, without: str = "") -> float:
    """Returns the threshold: the lowest score at which a sound is answered with a word.

    It is chosen on the unknown sounds outside the fold `without`, of which there must be at least one.
    """
    negatives = scored.negatives
    found = above(negatives.scores[negatives.folds != without], rates.false_acceptance)
    used = scored.of_files != without
    if rates.false_alarms is None or not used.any():
        return found
    hours = float(used.sum()) * scored.step_seconds / 3600
    curve = detection_curve(scored.others[used], scored.times[used], [], hours)
    return max(found, min(curve.threshold(rates.false_alarms), float(np.nextafter(scored.others[used].max(), np.float32(np.inf)))))


def above(negatives: Floats, share: float) -> float:
    """The lowest score at which at most this share of unknown sounds, drawn like these `[n]`, is expected to be taken for a word.

    It lies above the kth of the sorted scores, k = ⌈(n + 1)(1 - share)⌉, so that it holds for few too; above the largest where k > n.

    >>> round(above(np.arange(1, 20, dtype=np.float32), 0.1), 3)  # two of these 19 lie above it
    18.0
    """
    ordered = np.sort(negatives)
    rank = min(len(ordered), int(np.ceil((len(ordered) + 1) * (1 - share))))
    return float(np.nextafter(ordered[rank - 1], np.float32(np.inf)))


def figures(scored: Scored, rates: Rates = RATES) -> dict[str, Estimate]:
    """Returns estimates, by name, of the performance on new recordings by the enrolled voices.

    `accuracy` is that among the words. With the threshold, `recognised` is the share of recordings that are answered rightly,
    `false_acceptance` the share of unknown sounds that are answered, and `false_alarms` those an hour of other sounds, if there are any.

    The threshold that judges a recording is chosen without its word, and without the half of the files that it is in.
    """
    whole, of_words = scored.measurable, scored.of_words
    if not whole.any():
        alone = "every word has one recording, so that none can be left out"
        return {name: undefined(alone) for name in ("accuracy", "recognised", "false_acceptance")}
    right = scored.left_out.argmax(1) == scored.labels
    found = {"accuracy": over_groups(right[whole], of_words[whole], unit="recordings", block="words")}
    negatives = scored.negatives
    folds = set(negatives.folds)
    if len(folds) < 2:
        reason = "there are no unknown sounds by which the threshold could be chosen and judged; give recordings of other sounds"
        return {**found, "recognised": undefined(reason), "false_acceptance": undefined(reason)}
    limits = {fold: threshold(scored, rates, fold) for fold in {*folds, *of_words}}
    kept = right & (scored.left_out.max(1) >= np.array([limits[word] for word in of_words]))
    accepted = negatives.scores >= np.array([limits[fold] for fold in negatives.folds])
    found["recognised"] = over_groups(kept[whole], of_words[whole], unit="recordings", block="words")
    found["false_acceptance"] = over_groups(accepted, negatives.groups, unit="sounds", block="words and files")
    if len(scored.others):
        heard = scored.others >= np.array([limits[fold] for fold in scored.of_files])
        alarms = len(events(scored.times[heard]))
        found["false_alarms"] = alarms_per_hour(alarms, len(scored.others) * scored.step_seconds / 3600)
    return found


def suspicions(scored: Scored, words: Sequence[str]) -> dict[int, str]:
    """Recordings that look wrong, by number: nearer to another word, or unlike the others of their word, unless one of these is nearer to
    another, which all of them are then unlike."""
    found: dict[int, str] = {}
    rows = np.arange(len(scored.labels))
    own, best = scored.left_out[rows, scored.labels], scored.left_out.argmax(1)
    measurable = own[scored.measurable]
    if not len(measurable):
        return {}
    middle = np.median(measurable)
    spread = max(1.4826 * float(np.median(np.abs(measurable - middle))), 1e-6)
    swapped = best != scored.labels
    for row in np.flatnonzero(scored.measurable):
        word = words[scored.labels[row]]
        if swapped[row]:
            found[int(row)] = f"sounds more like '{words[best[row]]}' than like the other recordings of '{word}'"
        elif not swapped[scored.labels == scored.labels[row]].any() and (middle - own[row]) / spread > UNLIKE:
            found[int(row)] = f"is unlike the other recordings of '{word}'"
    return found


def confusions(scored: Scored) -> npt.NDArray[np.int64]:
    """`[k, k]`: how many recordings of each word (row), left out, were taken for each word (column)."""
    count = scored.left_out.shape[1]
    table = np.zeros((count, count), dtype=np.int64)
    np.add.at(table, (scored.labels[scored.measurable], scored.left_out.argmax(1)[scored.measurable]), 1)
    return table


def nearly_same(confused: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Returns pairs of word indices that are confused: the share `SAME` of one word's recordings, at least two, is nearer to the other.

    confused: `[k, k]`, counts by word and nearest word.
    """
    share = confused / np.maximum(confused.sum(1, keepdims=True), 1)
    return [
        (a, b)
        for a in range(len(confused))
        for b in range(a + 1, len(confused))
        if max(share[a, b], share[b, a]) >= SAME and max(confused[a, b], confused[b, a]) >= 2
    ]
