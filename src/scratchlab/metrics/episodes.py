"""Few-shot episodes: accuracy of each, and how well known queries are told from unknown ones.

An episode is the unit: its queries share a support, so they are not independent, and intervals are over episodes. Episodes themselves are
drawn from the same test classes and rows, so an interval tells how well the mean over such episodes is known, nothing of other classes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab.metrics.estimate import Estimate, over_draws, undefined
from scratchlab.metrics.roc import areas

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

    The score of being known is the maximum over the classes, as in Hendrycks & Gimpel (2017), arXiv 1610.02136; its area under the ROC
    curve is that of `areas`. Shapes as for `episode_accuracy`.
    """
    known = target >= 0
    if not (known.any(axis=1) & ~known.all(axis=1)).all():
        return None
    return areas(scores.max(axis=2), known)


def over_episodes(values: Values | None) -> Estimate:
    """The mean over episodes `[episode]` with Student's t interval; undefined where `values` is None."""
    if values is None:
        return undefined("there are no queries of unknown classes")
    return over_draws(values.tolist(), "episode")
