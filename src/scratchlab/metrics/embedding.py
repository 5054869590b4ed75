"""Quality of an embedding, or of a map of it: k-NN accuracy and trustworthiness."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array, same_length
from scratchlab.metrics.estimate import Estimate, undefined

Points = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def _points(values: npt.ArrayLike, axes: str, what: str) -> Points:
    """Finite numbers with these axes. Raises Problem for others."""
    points = as_array(values, axes, what).astype(np.float64)
    if not np.isfinite(points).all():
        raise Problem(f"{what} must be finite; row {int(np.flatnonzero(~np.isfinite(points).all(1))[0])} is not.")
    return points


def _neighbours(points: Points) -> Rows:
    """All other points in ascending order of Euclidean distance, `[n, n-1]`; ties are broken by index."""
    squares = (points**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * points @ points.T
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1, kind="stable")[:, :-1]


def knn_accuracy(points: npt.ArrayLike, labels: npt.ArrayLike, k: int = 5) -> Estimate:
    """Leave-one-out accuracy of k-NN classification of points `[n, d]` with labels `[n]`; without an interval.

    Euclidean distance; ties between classes go to that of the nearest point. Source: Cover & Hart (1967), "Nearest neighbor pattern
    classification", IEEE Trans. IT 13:21. It describes these points only: queries are not classified in this way. Raises Problem for other
    shapes.

    >>> knn_accuracy([[0.0], [0.1], [5.0], [5.1]], ["low", "low", "high", "low"], k=1).value
    0.5
    """
    points, labels = _points(points, "n, d", "points"), as_array(labels, "n", "labels")
    same_length(points=points, labels=labels)
    n = len(points)
    if n <= k:
        return undefined(f"{k} neighbours need more than {n} points")
    near = labels[_neighbours(points)[:, :k]]
    votes = (near[:, :, None] == near[:, None, :]).sum(axis=2)  # for each neighbour's class, [n, k]
    winner = near[np.arange(n), votes.argmax(axis=1)]
    return Estimate(float((winner == labels).mean()), n=n, how=f"leave-one-out over {n} points, {k} neighbours")


def trustworthiness(points: npt.ArrayLike, mapped: npt.ArrayLike, k: int = 5) -> Estimate:
    """Trustworthiness of a map `[n, 2]` of points `[n, d]`: 1 if all nearest neighbours on the map are neighbours in the original space.

    1 - 2/(n·k·(2n - 3k - 1)) · Σᵢ Σⱼ (r(i, j) - k) over those j among the k nearest neighbours of i on the map that are not in the original
    space, r being the rank in the original space. Without an interval.

    Source: Venna & Kaski (2001), "Neighborhood preservation in nonlinear projection methods", ICANN, eq. 1. Raises Problem
    for other shapes.

    >>> points = [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [7.0, 0.0]]
    >>> trustworthiness(points, points, k=1).value
    1.0
    """
    points, mapped = _points(points, "n, d", "points"), _points(mapped, "n, 2", "mapped points")
    same_length(points=points, mapped_points=mapped)
    n = len(points)
    if 2 * k >= n:
        return undefined(f"{k} neighbours need more than {2 * k} points, and there are {n}")
    order = _neighbours(points)
    rank = np.zeros((n, n), dtype=np.int64)
    np.put_along_axis(rank, order, np.arange(1, n)[None, :].repeat(n, axis=0), axis=1)
    intruders = np.take_along_axis(rank, _neighbours(mapped)[:, :k], axis=1) - k
    penalty = float(np.maximum(intruders, 0).sum())
    return Estimate(1 - penalty * 2 / (n * k * (2 * n - 3 * k - 1)), n=n, how=f"over {n} points, {k} neighbours")
