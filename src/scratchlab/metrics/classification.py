"""Accuracy, balanced accuracy, cross-entropy and confusion matrix."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem

Rows = npt.NDArray[np.int64]


def accuracy(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Fraction of correct predictions over all samples (not a mean of batch means), of predicted and true labels `[n]`.

    Raises Problem if there is no sample, or if shapes differ.

    >>> accuracy([1, 2, 2], [1, 2, 0])
    0.6666666666666666
    """
    predictions, labels = _checked(predicted, truth)
    return float((predictions == labels).mean())


def balanced_accuracy(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Mean recall over the classes that occur in `truth`, of predicted and true labels `[n]`.

    Raises Problem as `accuracy`. Source: Brodersen et al. (2010), "The balanced accuracy and its posterior distribution", ICPR.

    >>> balanced_accuracy([1, 1, 1, 1], [1, 1, 1, 0])
    0.5
    """
    predictions, labels = _checked(predicted, truth)
    _, label = np.unique(labels, return_inverse=True)
    correct = np.bincount(label, weights=predictions == labels)
    return float((correct / np.bincount(label)).mean())


def _checked(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]:
    """Both as arrays `[n]`. Raises Problem for other shapes."""
    predictions, labels = np.asarray(predicted), np.asarray(truth)
    if predictions.shape != labels.shape or labels.ndim != 1 or not len(labels):
        hint = " For scores [n, c], take argmax(1)." if predictions.ndim == labels.ndim + 1 else ""
        raise Problem(
            f"Predictions and labels must have shape [n], n of 1 or more; their shapes are {list(predictions.shape)} and "
            f"{list(labels.shape)}.{hint}"
        )
    return predictions, labels


def cross_entropy(logits: npt.NDArray[np.float64], truth: Rows) -> float:
    """Mean negative log-softmax of logits `[n, c]` at the true columns `[n]`, in nats."""
    shifted: npt.NDArray[np.float64] = logits - logits.max(axis=1, keepdims=True)  # avoids overflow
    normalizer: npt.NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=1))
    return float((normalizer - shifted[np.arange(len(truth)), truth]).mean())


def confusion(predicted: Rows, truth: Rows, classes: Rows) -> npt.NDArray[np.int64]:
    """Confusion matrix of counts `[c, c]`: row = true class, column = predicted class, both in the order of `classes`."""
    place = np.full(int(max(classes.max(), predicted.max(), truth.max())) + 1, -1)
    place[classes] = np.arange(len(classes))
    table = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(table, (place[truth], place[predicted]), 1)
    return table
