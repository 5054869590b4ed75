"""Noise of curves, and slopes of multiple regression, against synthetic data."""

from __future__ import annotations

import numpy as np
import pytest

from scratchlab.metrics.curves import roughness
from scratchlab.metrics.regression import slopes


def test_roughness_is_the_noise_about_any_smooth_course() -> None:
    rng, t = np.random.default_rng(0), np.linspace(0, 1, 5000)
    noise = 0.3 * rng.normal(size=5000)
    assert roughness(noise + 7 * t + 2).value == pytest.approx(0.3, rel=0.05)
    assert roughness(noise + 5 * np.sin(3 * t)).value == pytest.approx(0.3, rel=0.05)
    assert roughness([1.0, 2.0, 3.0, 4.0, 5.0]).value == 0.0


@pytest.mark.parametrize(
    ("values", "reason"), [([1.0, 2, 3, 4], "needs 5 values, and there are 4"), ([1.0, 2, np.nan, 4, 5], "not finite")]
)
def test_roughness_may_be_undefined(values: list[float], reason: str) -> None:
    estimate = roughness(values)
    assert estimate.value is None
    assert reason in estimate.how


def made_up(seed: int, configurations: int = 16, seeds: int = 3) -> tuple[np.ndarray, ...]:
    """y = 2 a - b + intercept of the block + effect of the configuration + noise."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(configurations), seeds)
    x = rng.normal(size=(configurations, 2))[cluster]
    block = (np.arange(configurations) % 2)[cluster]
    common = 0.5 * rng.normal(size=configurations)[cluster]
    return x, 2 * x[:, 0] - x[:, 1] + 10 * block + common + 0.1 * rng.normal(size=len(x)), block, cluster


def test_slopes_are_least_squares_with_an_intercept_per_block() -> None:
    x, y, block, cluster = made_up(0)
    expected = np.linalg.lstsq(np.column_stack([x, block == 0, block == 1]), y, rcond=None)[0][:2]
    assert [one.value for one in slopes(x, y, block, cluster)] == pytest.approx(expected)


def test_intervals_of_slopes_cover_the_truth() -> None:
    """Coverage of 95 %, with effects of clusters that an interval over rows would ignore."""
    intervals = [slopes(*made_up(seed))[0] for seed in range(300)]
    assert 0.91 < np.mean([one.low < 2 < one.high for one in intervals]) <= 0.99  # type: ignore[operator]


def test_slopes_may_be_undefined() -> None:
    x, y, block, cluster = made_up(0)
    tied = slopes(np.column_stack([x[:, 0], 3 * x[:, 0]]), y, block, cluster)
    assert [one.value for one in tied] == [None, None]
    assert "do not vary independently" in tied[0].how
    few = slopes(x[:9], y[:9], block[:9], cluster[:9])
    assert "2 slopes need 5 configurations, and there are 3" in few[0].how
