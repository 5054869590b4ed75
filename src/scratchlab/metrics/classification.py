"""How many answers are right, over the samples and over the classes; and how much probability the right ones were given."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem

Rows = npt.NDArray[np.int64]


def accuracy(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Share of right answers, each sample counting once (not a mean of batch means): answers `[n]`, labels `[n]` -> 0 to 1.

    Raises Problem where there is none, or not one answer a label.

    >>> accuracy([1, 2, 2], [1, 2, 0])
    0.6666666666666666
    """
    answers, labels = _answers(predicted, truth)
    return float((answers == labels).mean())


def balanced_accuracy(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Mean over the classes that occur in `truth` of each class's share of right answers, its recall: `[n]`, `[n]` -> 0 to 1.

    Raises Problem as `accuracy`. Source: Brodersen et al. (2010), "The balanced accuracy and its posterior distribution", ICPR.

    >>> balanced_accuracy([1, 1, 1, 1], [1, 1, 1, 0])
    0.5
    """
    answers, labels = _answers(predicted, truth)
    _, label = np.unique(labels, return_inverse=True)
    right = np.bincount(label, weights=answers == labels)
    return float((right / np.bincount(label)).mean())


def _answers(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]:
    answers, labels = np.asarray(predicted), np.asarray(truth)
    if answers.shape != labels.shape or labels.ndim != 1 or not len(labels):
        hint = " Of scores [n, c], take argmax(1)." if answers.ndim == labels.ndim + 1 else ""
        raise Problem(
            f"Answers and labels are [n] each, n of 1 or more; their shapes are {list(answers.shape)} and {list(labels.shape)}.{hint}"
        )
    return answers, labels


def cross_entropy(logits: npt.NDArray[np.float64], truth: Rows) -> float:
    """Mean over logits `[n, c]` of minus the logarithm of the softmax at the true column `[n]`, in nats."""
    below: npt.NDArray[np.float64] = logits - logits.max(axis=1, keepdims=True)  # so that nothing overflows
    normalizer: npt.NDArray[np.float64] = np.log(np.exp(below).sum(axis=1))
    return float((normalizer - below[np.arange(len(truth)), truth]).mean())


def confusion(predicted: Rows, truth: Rows, classes: Rows) -> npt.NDArray[np.int64]:
    """Counts `[c, c]`: row = true class, column = answer, both in the order of `classes`."""
    place = np.full(int(max(classes.max(), predicted.max(), truth.max())) + 1, -1)
    place[classes] = np.arange(len(classes))
    table = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(table, (place[truth], place[predicted]), 1)
    return table
