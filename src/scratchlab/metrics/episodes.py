"""Few-shot episodes: accuracy of each, and how well known queries are told from unknown ones.

An episode is the unit: its queries share a support, so they are not independent, and intervals are over episodes. Episodes themselves are
drawn from the same test classes and rows, so an interval tells how well the mean over such episodes is known, nothing of other classes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from scratchlab.metrics.estimate import Estimate, over_draws, undefined

Values = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]
Targets = npt.NDArray[np.int64]


def episode_accuracy(scores: Scores, target: Targets) -> Values:
    """`[episode]`: the share of an episode's known queries whose own class scores highest (the first of equals).

    scores: `[episode, query, way]`, larger is better. target: `[episode, query]`, the place of the true class, -1 for a query of an unknown
    class, which does not count. Every episode needs a known query.
    """
    known = target >= 0
    return ((scores.argmax(axis=2) == target) & known).sum(axis=1) / known.sum(axis=1)


def episode_auroc(scores: Scores, target: Targets) -> Values | None:
    """`[episode]`: the chance that a known query of the episode scores higher at its best class than an unknown one, ties counting half;
    None where an episode lacks one of the two kinds.

    The score of being known is the maximum over the classes, as in Hendrycks & Gimpel (2017), arXiv 1610.02136; area under the ROC curve
    by mid-ranks: (R - a(a+1)/2) / (a·b), where R is the sum of the ranks of the a known among all a + b (Hanley & McNeil 1982,
    Radiology 143:29). Shapes as for `episode_accuracy`.
    """
    known = target >= 0
    a, b = known.sum(axis=1), (~known).sum(axis=1)
    if not (a.all() and b.all()):
        return None
    ranks: Values = stats.rankdata(scores.max(axis=2), axis=1)
    return ((ranks * known).sum(axis=1) - a * (a + 1) / 2) / (a * b)


def over_episodes(values: Values | None) -> Estimate:
    """The mean over episodes `[episode]` with Student's t interval; undefined where `values` is None."""
    if values is None:
        return undefined("there are no queries of unknown classes")
    return over_draws(values.tolist(), "episode")


def difference(first: Values, second: Values) -> Estimate:
    """The mean of what the second of two heads gains in each episode, `[episode]` accuracies of the same episodes, with Student's interval
    of the paired differences: what makes an episode hard for both cancels."""
    found = over_draws((second - first).tolist(), "episode", within=(-1.0, 1.0))
    return replace(found, how=found.how.replace("Student's t interval", "Student's t interval of the paired differences"))
