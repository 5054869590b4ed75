"""The pigeonhole bootstrap: value, width, and axes of size 1."""

from __future__ import annotations

import numpy as np
import pytest

from scratchlab.metrics.crossed import over_crossed


def test_the_value_weights_predictions_not_cells() -> None:
    total, count = np.array([[1.0, 30.0]]), np.array([[1.0, 40.0]])
    assert over_crossed(total, count, ("seeds", "draws")).value == pytest.approx(31 / 41)


def test_against_a_slow_bootstrap() -> None:
    rng = np.random.default_rng(0)
    count = rng.integers(1, 9, (3, 5, 4)).astype(float)
    total = rng.binomial(count.astype(int), 0.7).astype(float)
    estimate, means = over_crossed(total, count, ("seeds", "draws", "speakers"), times=4000), []
    for _ in range(4000):
        a, b, c = (rng.integers(0, size, size) for size in count.shape)
        means.append(total[np.ix_(a, b, c)].sum() / count[np.ix_(a, b, c)].sum())
    low, high = np.quantile(means, [0.025, 0.975])
    assert estimate.low == pytest.approx(low, abs=0.012)
    assert estimate.high == pytest.approx(high, abs=0.012)
    assert estimate.how == "bootstrap over 3 seeds × 5 draws × 4 speakers"


def test_variation_over_seeds_determines_the_width() -> None:
    """A thousand predictions under each of two seeds: an interval over predictions would be far too narrow."""
    total = np.repeat(np.array([[400.0], [600.0]]), 10, axis=1)
    estimate = over_crossed(total, np.full((2, 10), 1000.0), ("seeds", "draws"))
    assert (estimate.low, estimate.high) == (pytest.approx(0.4), pytest.approx(0.6))


def test_an_axis_of_size_1_is_named() -> None:
    estimate = over_crossed(np.array([[5.0, 7.0, 6.0]]), np.full((1, 3), 9.0), ("seeds", "draws"))
    assert "only one of seeds" in estimate.how
    assert over_crossed(np.ones((1, 1)), np.ones((1, 1)), ("seeds", "draws")).low is None
    assert "undefined, because there is no answer" in over_crossed(np.zeros((2, 2)), np.zeros((2, 2)), ("seeds", "draws")).how
