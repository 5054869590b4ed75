"""Detection of words in a stream: misses, and false alarms an hour, over all thresholds.

Frames in which a detector fires are grouped into events, and events are counted: a word that makes a detector fire in twelve consecutive
frames is one alarm. `labels` of frames and words keep apart what must not meet: several words, or several recordings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array, counted, same_length
from scratchlab.metrics.estimate import Estimate, proportion, undefined

Values = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

REFRACTORY = 1.0  # seconds
ROUNDING = 1e-6  # seconds, so that 1.2 - 0.2 is not more than 1


class PerHour(Estimate):
    """An estimate of a number an hour, which as text is not in percent."""

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return self.how
        return f"{self.value:.2f} an hour [{self.low:.2f}, {self.high:.2f}]"


def alarms_per_hour(alarms: int, hours: float) -> Estimate:
    """Alarms an hour, with the exact 95 % interval of a Poisson rate. Source: Garwood (1936), "Fiducial limits for the Poisson
    distribution", Biometrika 28:437: χ²(0.025; 2n)/2 to χ²(0.975; 2n + 2)/2 alarms.

    alarms: events, not frames; hours: for which the detector listened. Undefined for no hours. Raises Problem for negative numbers.

    >>> print(alarms_per_hour(2, 25))
    0.08 an hour [0.01, 0.29]
    """
    if not hours >= 0 or not alarms >= 0:
        raise Problem(f"Alarms and hours are 0 or more, not {alarms} and {hours}.")
    if hours == 0:
        return undefined("the detector listened for no time")
    from scipy import stats  # imported here because it takes half a second, which reading results does not need

    low = 0.0 if alarms == 0 else float(stats.chi2.ppf(0.025, 2 * alarms)) / 2
    high = float(stats.chi2.ppf(0.975, 2 * alarms + 2)) / 2
    how = f"{counted(alarms, 'false alarm')} in {hours:.4g} hours, exact Poisson interval"
    return PerHour(alarms / hours, low / hours, high / hours, alarms, how)


def events(times: npt.ArrayLike, refractory: float = REFRACTORY) -> Values:
    """Events `[k, 2]`, the times of their first and last frame, of the times `[n]` of the frames in which a detector fired, in seconds.

    Frames at most `refractory` seconds apart are of one event.

    >>> events([0.08, 0.16, 0.24, 7.2, 7.28])
    array([[0.08, 0.24],
           [7.2 , 7.28]])
    """
    at = np.sort(as_array(times, "n", "times").astype(np.float64))
    first = np.flatnonzero(np.diff(at, prepend=-np.inf) > refractory + ROUNDING)
    return np.stack([at[first], at[np.append(first[1:], len(at)) - 1]], axis=1) if len(at) else np.empty((0, 2))


@dataclass(frozen=True)
class Detection:
    """Hits and misses of true words, and false alarms, at one threshold. hours: for which the detector listened.

    >>> found = Detection(hits=48, misses=2, false_alarms=2, hours=25)
    >>> print(found.miss_rate, found.alarms_per_hour, sep="; ")
    4.0% [0.5%, 13.7%]; 0.08 an hour [0.01, 0.29]
    """

    hits: int
    misses: int
    false_alarms: int
    hours: float

    @property
    def miss_rate(self) -> Estimate:
        """The fraction of true words that were missed, with its exact interval for independent words; undefined without any."""
        if self.hits + self.misses == 0:
            return undefined("there is no true word")
        return proportion(self.misses, self.hits + self.misses, "true words")

    @property
    def alarms_per_hour(self) -> Estimate:
        """False alarms an hour, with their exact interval; see the function."""
        return alarms_per_hour(self.false_alarms, self.hours)


@dataclass(frozen=True)
class DetectionCurve:
    """Misses and false alarms at all thresholds, `[k]` each: a frame fires if its score is the threshold or more. The first threshold is
    infinite, the others are the frames' scores in falling order. words: the number of true ones; hours: for which the detector listened.

    Fewer alarms at a lower threshold are possible, where it joins two events.

    >>> curve = detection_curve([0.2, 0.9, 0.3, 0.6], [1.0, 2.0, 6.0, 9.0], [[1.8, 2.4], [5.5, 6.5]], hours=0.5)
    >>> curve.thresholds, curve.miss_rates, curve.alarms_per_hour
    (array([inf, 0.9, 0.6, 0.3, 0.2]), array([1. , 0.5, 0.5, 0. , 0. ]), array([0., 0., 2., 2., 2.]))
    >>> curve.threshold(alarms_per_hour=1.0)
    0.9
    """

    thresholds: Values
    misses: Ints
    false_alarms: Ints
    words: int
    hours: float

    @property
    def miss_rates(self) -> Values:
        """`[k]`: the fraction of true words that are missed at each threshold; NaN if there is no true word."""
        return self.misses / self.words if self.words else np.full(len(self.misses), np.nan)

    @property
    def alarms_per_hour(self) -> Values:
        """`[k]`: false alarms an hour at each threshold."""
        return self.false_alarms / self.hours

    def at(self, threshold: float) -> Detection:
        """Hits, misses and false alarms at a threshold."""
        place = int((self.thresholds >= threshold).sum()) - 1
        misses = int(self.misses[place])
        return Detection(self.words - misses, misses, int(self.false_alarms[place]), self.hours)

    def threshold(self, alarms_per_hour: float) -> float:
        """The lowest threshold that, with all above it, has at most this many false alarms an hour; infinite if no other has.

        Judge it on other recordings than those of this curve, on which it is too good.
        """
        above = self.alarms_per_hour > alarms_per_hour
        return float(self.thresholds[int(above.argmax()) - 1 if above.any() else -1])


def detection(
    times: npt.ArrayLike,
    words: npt.ArrayLike,
    hours: float,
    *,
    labels: npt.ArrayLike | None = None,
    word_labels: npt.ArrayLike | None = None,
    late: float = 0.0,
    refractory: float = REFRACTORY,
) -> Detection:
    """Hits, misses and false alarms of a detector that fired at times `[n]`, given the true words `[w, 2]` from start to end, in seconds.

    A word is hit if the detector fired between its start and `late` seconds after its end; an event of frames at most `refractory`
    seconds apart is one false alarm if it hits no word. labels, word_labels: `[n]` and `[w]`; only equal ones meet. Raises Problem for
    other lengths, times that are not finite, and words that end before they start.

    >>> detection([2.0, 2.08, 2.16, 9.0, 9.08], [[1.5, 2.1]], hours=0.01)
    Detection(hits=1, misses=0, false_alarms=1, hours=0.01)
    """
    at = as_array(times, "n", "times")
    curve = detection_curve(np.zeros(len(at)), at, words, hours, labels=labels, word_labels=word_labels, late=late, refractory=refractory)
    return curve.at(0.0)


def detection_curve(
    scores: npt.ArrayLike,
    times: npt.ArrayLike,
    words: npt.ArrayLike,
    hours: float,
    *,
    labels: npt.ArrayLike | None = None,
    word_labels: npt.ArrayLike | None = None,
    late: float = 0.0,
    refractory: float = REFRACTORY,
) -> DetectionCurve:
    """Misses and false alarms at every threshold, from scores `[n]` of frames at times `[n]` and the true words `[w, 2]`.

    The other settings are those of `detection`; labels are those of the words that the scores are of. Raises Problem as it does, and for
    scores that are not finite.

    >>> curve = detection_curve([0.8, 0.7, 0.1], [1.0, 1.08, 4.0], [[0.5, 1.2]], hours=1.0)
    >>> curve.misses, curve.false_alarms
    (array([1, 0, 0, 0]), array([0, 0, 0, 1]))
    """
    x, at, of, true, true_of = _checked(scores, times, words, hours, labels, word_labels)
    order = np.lexsort((at, of))
    x, at, of = x[order], at[order], of[order]
    of_word, best = np.zeros(len(x), bool), np.full(len(true), -np.inf)
    for word, (begin, end, label) in enumerate(zip(true[:, 0].tolist(), true[:, 1].tolist(), true_of.tolist(), strict=True)):
        own = slice(*np.searchsorted(of, [label, label + 1]))
        first, last = own.start + np.searchsorted(at[own], [begin - ROUNDING, end + late + ROUNDING])
        of_word[first:last] = True
        best[word] = x[first:last].max(initial=-np.inf)
    thresholds = np.concatenate([[np.inf], np.unique(x)[::-1]])
    fired = np.searchsorted(np.sort(-x), -thresholds, "right")
    alarms = np.concatenate([[0], _false_alarms(x, at, of, of_word, refractory)])[fired]
    misses = np.searchsorted(np.sort(best), thresholds)
    return DetectionCurve(thresholds, misses.astype(np.int64), alarms, len(true), hours)


def _checked(
    scores: npt.ArrayLike,
    times: npt.ArrayLike,
    words: npt.ArrayLike,
    hours: float,
    labels: npt.ArrayLike | None,
    word_labels: npt.ArrayLike | None,
) -> tuple[Values, Values, Ints, Values, Ints]:
    """The arrays, with codes for labels. Raises Problem where they do not fit."""
    x, at = as_array(scores, "n", "scores").astype(np.float64), as_array(times, "n", "times").astype(np.float64)
    true = as_array(words, "", "words").astype(np.float64)
    true = true.reshape(0, 2) if true.size == 0 else true
    if true.ndim != 2 or true.shape[1] != 2:
        raise Problem(f"words must have the shape [w, 2], a start and an end each; their shape is {list(true.shape)}.")
    if (labels is None) != (word_labels is None):
        raise Problem("Give labels of both frames and words, or of neither.")
    of = np.zeros(len(x), np.int64) if labels is None else as_array(labels, "n", "labels")
    true_of = np.zeros(len(true), np.int64) if word_labels is None else as_array(word_labels, "w", "labels of words")
    if len(x):
        same_length(scores=x, times=at, labels=of)
    if len(true):
        same_length(words=true, labels_of_words=true_of)
    for what, values in (("score", x), ("time", at)):
        if not np.isfinite(values).all():
            raise Problem(f"The {what} of frame {int(np.flatnonzero(~np.isfinite(values))[0])} is not finite.")
    if not (true[:, 0] <= true[:, 1]).all():
        bad = int(np.flatnonzero(~(true[:, 0] <= true[:, 1]))[0])
        raise Problem(f"Word {bad} goes from {true[bad, 0]} to {true[bad, 1]} seconds; it must end after it starts.")
    if not hours > 0:
        raise Problem(f"A detector listens for more than 0 hours, not {hours}.")
    codes = np.unique(np.concatenate([of, true_of]), return_inverse=True)[1]
    return x, at, codes[: len(x)], true, codes[len(x) :]


def _false_alarms(scores: Values, times: Values, labels: Ints, of_word: Flags, refractory: float) -> Ints:
    """`[n]`: events without a frame of a true word, after the 1, 2, … n frames with the largest scores; frames are in order of time.

    Frames are added in falling order of their scores. An event is a tree of frames, whose root knows whether one of them is of a word.
    """
    n = len(scores)
    order: list[int] = np.argsort(-scores, kind="stable").tolist()
    before, after = _neighbours(order, n)
    at, of = times.tolist(), labels.tolist()
    parent, hit, counts, alarms = list(range(n)), of_word.tolist(), list[int](), 0

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i in order:
        alarms += not hit[i]
        for j in (before[i], after[i]):
            if 0 <= j < n and of[j] == of[i] and abs(at[j] - at[i]) <= refractory + ROUNDING:
                mine, other = root(i), root(j)
                if mine != other:
                    alarms -= (not hit[mine]) + (not hit[other])
                    hit[mine] = hit[mine] or hit[other]
                    parent[other] = mine
                    alarms += not hit[mine]
        counts.append(alarms)
    return np.array(counts, dtype=np.int64)


def _neighbours(order: list[int], n: int) -> tuple[list[int], list[int]]:
    """For each frame, the nearest before and after it among those that come earlier in `order`; -1 and n for none.

    By taking frames out of a linked list, the last of `order` first.
    """
    before, after = list(range(-1, n - 1)), list(range(1, n + 1))
    for i in reversed(order):
        left, right = before[i], after[i]
        if left >= 0:
            after[left] = right
        if right < n:
            before[right] = left
    return before, after
