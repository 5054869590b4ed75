"""How many answers are right, over the samples and over the classes; and how much probability the right ones were given."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


def accuracy(predicted: Rows, truth: Rows) -> float:
    """Share of right answers, each sample counting once (not a mean of batch means). `[n]`, `[n]` -> 0..1."""
    return float((predicted == truth).mean())


def balanced_accuracy(predicted: Rows, truth: Rows) -> float:
    """Mean over the classes that occur in `truth` of each class's share of right answers, its recall.

    Source: Brodersen et al. (2010), "The balanced accuracy and its posterior distribution", ICPR.
    """
    _, label = np.unique(truth, return_inverse=True)
    right = np.bincount(label, weights=predicted == truth)
    return float((right / np.bincount(label)).mean())


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
