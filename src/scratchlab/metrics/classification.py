"""Accuracy, balanced accuracy, cross-entropy and confusion matrix."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array, listing, same_length

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
    predictions, labels = as_array(predicted), as_array(truth)
    if predictions.shape != labels.shape or labels.ndim != 1 or not len(labels):
        hint = " For scores [n, c], take argmax(1)." if predictions.ndim == labels.ndim + 1 else ""
        raise Problem(
            f"Predictions and labels must have shape [n], n of 1 or more; their shapes are {list(predictions.shape)} and "
            f"{list(labels.shape)}.{hint}"
        )
    return predictions, labels


def cross_entropy(logits: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Mean negative log-softmax of logits `[n, c]` at the true columns `[n]`, in nats.

    Raises Problem for other shapes, and for columns that are not 0 to c - 1.

    >>> round(cross_entropy([[2.0, 0.0], [0.0, 0.0]], [0, 1]), 3)  # (ln(1 + 1/e²) + ln 2) / 2
    0.41
    """
    values, columns = as_array(logits, "n, c", "logits").astype(np.float64), as_array(truth, "n", "true columns")
    same_length(logits=values, true_columns=columns)
    count = values.shape[1]
    if columns.dtype.kind not in "iu" or columns.min() < 0 or columns.max() >= count:
        raise Problem(f"True columns of logits {list(values.shape)} must be whole numbers from 0 to {count - 1}; not {columns}.")
    shifted = values - values.max(axis=1, keepdims=True)  # avoids overflow
    normalizer = np.log(np.exp(shifted).sum(axis=1))
    return float((normalizer - shifted[np.arange(len(columns)), columns]).mean())


def confusion(predicted: npt.ArrayLike, truth: npt.ArrayLike, classes: npt.ArrayLike | None = None) -> npt.NDArray[np.int64]:
    """Confusion matrix of counts `[c, c]` of labels `[n]`: rows are true classes, columns predicted ones, in the order of `classes` `[c]`.

    classes: by default the sorted labels that occur. Raises Problem as `accuracy`, and for a label that is not among the classes.

    >>> confusion([0, 1, 1], [0, 1, 0])
    array([[1, 1],
           [0, 1]])
    """
    predictions, labels = _checked(predicted, truth)
    both = np.concatenate([labels, predictions])
    names = np.unique(both) if classes is None else as_array(classes, "c", "classes")
    order = np.argsort(names)
    places = order[np.searchsorted(names, both, sorter=order).clip(max=len(names) - 1)]
    if len(unknown := np.unique(both[names[places] != both])):
        raise Problem(f"Labels {listing(map(str, unknown), 5)} are not among the classes {listing(map(str, names))}.")
    table = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(table, tuple(places.reshape(2, -1)), 1)
    return table
