"""Measures open-set recognition: how well the best score tells queries of known classes from those of unknown ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array, same_length
from scratchlab.metrics.estimate import Estimate, bootstrap_note, over_groups, proportion, undefined
from scratchlab.metrics.roc import auroc

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Names = npt.NDArray[Any]

ACCEPTANCE = 0.05  # of queries of unknown words


@dataclass(frozen=True)
class OpenSet:
    """Numbers of open-set recognition. auroc: of known against unknown queries, by the best score. lost: the fraction of known queries that
    are rejected, or accepted as another word, at the threshold that accepts at most 5 % of unknown ones. each: `[n]`, whether each known
    query is lost; empty where undefined.

    >>> found = open_set([[0.9, 0.2], [0.3, 0.8], [0.6, 0.5]], [0, 1, 1], [[0.4, 0.1], [0.2, 0.5]])
    >>> found.auroc.value, found.each
    (1.0, array([False, False,  True]))
    """

    auroc: Estimate
    lost: Estimate
    each: Flags


def open_set(
    scores_known: npt.ArrayLike,
    truth: npt.ArrayLike,
    scores_unknown: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    unknown_groups: npt.ArrayLike | None = None,
    acceptance: float = ACCEPTANCE,
    times: int = 2000,
) -> OpenSet:
    """AUROC of known and unknown queries by their best score, and the fraction of known ones lost at 5 % false acceptance.

    scores_known: `[n, k]`, of queries of the k known words; truth: `[n]`, the columns of their words, -1 for a word that has none and is
    lost; scores_unknown: `[m, k]`, of queries of other words. groups, unknown_groups: `[n]` and `[m]`, such as their speakers: then the
    threshold for the queries of one half of the groups is chosen on the unknown queries of the other half, and intervals are of a
    bootstrap that resamples groups. Without groups the threshold is that of the same unknown queries. times: resamples of the groups; 0:
    values without intervals.

    A query is accepted above the threshold, the highest score that leaves at most `acceptance` of the unknown queries above it. The score
    is the maximum over the words, as in Hendrycks & Gimpel (2017), arXiv 1610.02136; the fraction not lost is the detection and
    identification rate of Phillips, Grother & Micheals (2011), Handbook of Face Recognition, ch. 21. Undefined without known or unknown
    queries, and with groups unless both halves have some. Raises Problem for shapes that do not fit and best scores that are not
    finite.

    >>> print(open_set([[0.9, 0.2], [0.3, 0.8], [0.6, 0.5]], [0, 1, 1], [[0.4, 0.1], [0.2, 0.5]]).lost)
    33.3% [0.8%, 90.6%]
    """
    known, columns, unknown = _checked(scores_known, truth, scores_unknown, acceptance)
    if not len(known) or not len(unknown):
        nothing = undefined(f"there is no query of {'a known' if not len(known) else 'an unknown'} word")
        return OpenSet(nothing, nothing, np.empty(0, np.bool_))
    best, best_unknown, wrong = known.max(axis=1), unknown.max(axis=1), known.argmax(axis=1) != columns
    if groups is None or unknown_groups is None:
        if groups is not None or unknown_groups is not None:
            raise Problem("Give groups of both known and unknown queries, or of neither.")
        each = wrong | (best <= threshold(best_unknown, acceptance))
        return OpenSet(_area_of_single(best, best_unknown), proportion(int(each.sum()), len(each), "queries of known words"), each)
    of, of_unknown = as_array(groups, "n", "groups"), as_array(unknown_groups, "m", "groups of unknown queries")
    same_length(known_queries=known, groups=of)
    same_length(unknown_queries=unknown, groups=of_unknown)
    names = np.unique(np.concatenate([of, of_unknown]))
    single = len(names) == len(of) + len(of_unknown)  # each query is a group of its own
    area = _area_of_single(best, best_unknown) if single and times else _area(best, best_unknown, of, of_unknown, times)
    second, second_unknown = (np.searchsorted(names, part) % 2 == 1 for part in (of, of_unknown))
    if len(names) == 1 or second_unknown.all() or not second_unknown.any():
        why = "the unknown queries are of one half of the groups, so that there are none to choose a threshold on for the other"
        return OpenSet(area, undefined(why), np.empty(0, np.bool_))
    limits = [threshold(best_unknown[second_unknown], acceptance), threshold(best_unknown[~second_unknown], acceptance)]
    each = wrong | (best <= np.where(second, limits[1], limits[0]))
    lost = over_groups(each, of, times=times) if times else Estimate(float(each.mean()), n=len(names), how="without an interval")
    how = f"{lost.how}; the threshold for half of the groups is that of the unknown queries of the others"
    return OpenSet(area, Estimate(lost.value, lost.low, lost.high, lost.n, how), each)


def threshold(unknown: npt.ArrayLike, acceptance: float = ACCEPTANCE) -> float:
    """The lowest threshold above which at most this fraction of the best scores `[m]` of unknown queries is: one of these scores.

    >>> threshold([0.1, 0.5, 0.2, 0.4], 0.25)
    0.4
    """
    falling = -np.sort(-as_array(unknown, "m", "scores").astype(np.float64))
    return float(falling[int(acceptance * len(falling))])


def _checked(
    scores_known: npt.ArrayLike, truth: npt.ArrayLike, scores_unknown: npt.ArrayLike, acceptance: float
) -> tuple[Values, npt.NDArray[np.int64], Values]:
    """The arrays. Raises Problem where they do not fit."""
    known, unknown = (
        as_array(scores, axes, f"scores of {what} queries").astype(np.float64)
        for scores, axes, what in ((scores_known, "n, k", "known"), (scores_unknown, "m, k", "unknown"))
    )
    columns = as_array(truth, "n", "truth")
    if known.shape[1] != unknown.shape[1] or len(columns) != len(known):
        raise Problem(
            f"Scores [n, k] and [m, k] of the same k words need the columns [n] of the true ones; they are {list(known.shape)}, "
            f"{list(unknown.shape)} and {list(columns.shape)}."
        )
    if len(columns) and (columns.dtype.kind not in "iu" or columns.min() < -1 or columns.max() >= known.shape[1]):
        raise Problem(
            f"The true words must be whole numbers from 0 to {known.shape[1] - 1}, columns of the scores, or -1 for none of them."
        )
    for what, scores in (("known", known), ("unknown", unknown)):
        good = np.isfinite(scores.max(axis=1, initial=-np.inf))  # -∞ is the score of a word that cannot be the answer
        if not good.all():
            raise Problem(f"The best score of {what} query {int(np.flatnonzero(~good)[0])} is not finite.")
    if not 0 <= acceptance < 1:
        raise Problem(f"The accepted fraction of unknown queries is from 0 to below 1, not {acceptance}.")
    return known, columns, unknown


def _area_of_single(known: Values, unknown: Values) -> Estimate:
    """AUROC of independent queries."""
    return auroc(np.concatenate([known, unknown]), np.arange(len(known) + len(unknown)) < len(known))


def _area(known: Values, unknown: Values, groups: Names, unknown_groups: Names, times: int) -> Estimate:
    """AUROC with the percentile interval of a bootstrap over groups, from the pairs won by each group's known against each's unknown."""
    names, code = np.unique(np.concatenate([groups, unknown_groups]), return_inverse=True)
    of, of_unknown, size = code[: len(known)], code[len(known) :], len(names)
    won = np.zeros((size, size))
    for g in np.unique(of_unknown):
        others = np.sort(unknown[of_unknown == g])
        below = (np.searchsorted(others, known) + np.searchsorted(others, known, "right")) / 2
        won[:, g] = np.bincount(of, below, size)
    pairs = np.outer(np.bincount(of, minlength=size), np.bincount(of_unknown, minlength=size)).astype(np.float64)
    value = float(won.sum() / pairs.sum())
    if size == 1:
        return Estimate(value, n=1, how="one group; an interval is undefined, because one group has no spread")
    if not times:
        return Estimate(value, n=size, how="without an interval")
    if not 0 < value < 1:
        return Estimate(value, n=size, how="an interval is undefined, because all resamples of groups are equal")
    drawn = np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), size=times).astype(np.float64)
    total = ((drawn @ pairs) * drawn).sum(axis=1)
    resampled = (((drawn @ won) * drawn).sum(axis=1)[total > 0]) / total[total > 0]
    low, high = cast("tuple[float, float]", np.quantile(resampled, [0.025, 0.975]).tolist())
    return Estimate(value, low, high, size, bootstrap_note(size, "groups of the queries"))
