"""Few-shot episodes: accuracy, and AUROC of separating queries of known classes from queries of unknown ones.

Episodes are the units, since the queries of an episode share a support set and are not independent. All episodes are drawn from the same
test classes and rows, so intervals do not cover variation over classes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array
from scratchlab.metrics.roc import areas

Values = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]
Targets = npt.NDArray[np.int64]


def _checked(scores: npt.ArrayLike, target: npt.ArrayLike) -> tuple[Scores, Targets]:
    """Both as arrays. Raises Problem unless there is a target for each query, from -1 to way - 1."""
    values, targets = as_array(scores, "episode, query, way", "scores"), as_array(target, "episode, query", "targets")
    if values.shape[:2] != targets.shape or 0 in values.shape:
        raise Problem(
            f"Scores [episode, query, way] need targets [episode, query]; they are {list(values.shape)} and {list(targets.shape)}."
        )
    if targets.dtype.kind not in "iu" or targets.min() < -1 or targets.max() >= values.shape[2]:
        raise Problem(f"Targets must be whole numbers from 0 to {values.shape[2] - 1}, or -1 for queries of unknown classes.")
    return values, targets


def episode_accuracy(scores: npt.ArrayLike, target: npt.ArrayLike) -> Values:
    """Accuracy of each episode, `[episode]`, over the queries of known classes; ties go to the first class.

    scores: `[episode, query, way]`, larger is better. target: `[episode, query]`, the index of the true class, -1 for queries of unknown
    classes, which are ignored. Raises Problem for other shapes, and for an episode without a query of a known class.

    >>> episode_accuracy([[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]], [[0, 1, 1]]).round(3)  # one episode, three queries, two classes
    array([0.667])
    """
    scores, target = _checked(scores, target)
    known = target >= 0
    if not known.any(axis=1).all():
        raise Problem(f"Episode {int(np.flatnonzero(~known.any(axis=1))[0])} has no query of a known class, so it has no accuracy.")
    return ((scores.argmax(axis=2) == target) & known).sum(axis=1) / known.sum(axis=1)


def episode_auroc(scores: npt.ArrayLike, target: npt.ArrayLike) -> Values | None:
    """AUROC of separating known from unknown queries, `[episode]`; None if an episode has only one of the two kinds.

    The detection score is the maximum over the classes, as in Hendrycks & Gimpel (2017), arXiv 1610.02136; see `areas`. Shapes as for
    `episode_accuracy`.

    >>> episode_auroc([[[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]], [[0, 1, -1]])  # the unknown query has the smallest maximum
    array([1.])
    """
    scores, target = _checked(scores, target)
    known = target >= 0
    if not (known.any(axis=1) & ~known.all(axis=1)).all():
        return None
    return areas(scores.max(axis=2), known)
