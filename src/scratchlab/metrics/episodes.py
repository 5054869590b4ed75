"""Few-shot episodes: accuracy, and AUROC of separating queries of known classes from queries of unknown ones.

Episodes are the units, since the queries of an episode share a support set and are not independent. All episodes are drawn from the same
test classes and rows, so intervals do not cover variation over classes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab.metrics.roc import areas

Values = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]
Targets = npt.NDArray[np.int64]


def episode_accuracy(scores: Scores, target: Targets) -> Values:
    """Accuracy of each episode, `[episode]`, over the queries of known classes; ties go to the first class.

    scores: `[episode, query, way]`, larger is better. target: `[episode, query]`, the index of the true class, -1 for queries of unknown
    classes, which are ignored. Every episode needs a query of a known class.
    """
    known = target >= 0
    return ((scores.argmax(axis=2) == target) & known).sum(axis=1) / known.sum(axis=1)


def episode_auroc(scores: Scores, target: Targets) -> Values | None:
    """AUROC of separating known from unknown queries, `[episode]`; None if an episode has only one of the two kinds.

    The detection score is the maximum over the classes, as in Hendrycks & Gimpel (2017), arXiv 1610.02136; see `areas`. Shapes as for
    `episode_accuracy`.
    """
    known = target >= 0
    if not (known.any(axis=1) & ~known.all(axis=1)).all():
        return None
    return areas(scores.max(axis=2), known)
