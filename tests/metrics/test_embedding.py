"""Neighbourhoods against slow reference implementations, scikit-learn and cases computed by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.metrics.embedding import knn_accuracy, trustworthiness

plane = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 2)), min_size=8, max_size=30)


def nearest(points: np.ndarray, i: int) -> list[int]:
    """The other points, nearest first; ties by index."""
    others = [j for j in range(len(points)) if j != i]
    return sorted(others, key=lambda j: (float(((points[i] - points[j]) ** 2).sum()), j))


@given(plane)
def test_knn_equals_the_slow_reference(rows: list[tuple[int, int, int]]) -> None:
    points, labels = np.array(rows, dtype=np.float64)[:, :2], np.array(rows)[:, 2]
    right = 0
    for i in range(len(points)):
        near = [int(labels[j]) for j in nearest(points, i)[:5]]
        most = max(Counter(near).values())
        right += next(label for label in near if near.count(label) == most) == labels[i]
    assert knn_accuracy(points, labels).value == right / len(points)


@given(plane, st.integers(1, 3))
def test_trustworthiness_equals_the_slow_reference(rows: list[tuple[int, int, int]], k: int) -> None:
    points = np.array(rows, dtype=np.float64)
    mapped = points[:, [2, 0]]
    n, penalty = len(points), 0
    for i in range(n):
        original = nearest(points, i)
        penalty += sum(original.index(j) + 1 - k for j in nearest(mapped, i)[:k] if j not in original[:k])
    assert trustworthiness(points, mapped, k).value == pytest.approx(1 - 2 * penalty / (n * k * (2 * n - 3 * k - 1)))


def test_trustworthiness_is_scikit_learns() -> None:
    manifold = pytest.importorskip("sklearn.manifold")
    points = np.random.default_rng(0).normal(size=(80, 6))
    assert trustworthiness(points, points[:, :2]).value == pytest.approx(manifold.trustworthiness(points, points[:, :2], n_neighbors=5))


def test_by_hand() -> None:
    """Two clusters of six points on a line; one point of the left cluster has the label of the right one, and only it is wrong."""
    line = np.array([0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104, 105], dtype=np.float64)[:, None]
    labels = np.array([0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    assert knn_accuracy(line, labels).value == 11 / 12
    assert trustworthiness(line, line * 2, 5).value == 1.0


def test_too_few_points_are_undefined() -> None:
    assert knn_accuracy(np.zeros((5, 2)), np.zeros(5, np.int64)).how == "undefined, because 5 neighbours need more than 5 points"
    assert trustworthiness(np.zeros((10, 3)), np.zeros((10, 2))).value is None
