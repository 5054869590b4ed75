"""Correlations over clustered runs: against scipy, slow reference implementations, and coverage of intervals and tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from scratchlab.metrics.correlation import adjusted, correlation, fisher

RNG = np.random.default_rng(0)


def runs(
    configurations: int, seeds: int, shared: float, rng: np.random.Generator, tied: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x and y whose variance is mostly between configurations; `tied` is the fraction of it common to both."""
    config = np.repeat(np.arange(configurations), seeds)
    common = rng.normal(size=configurations)
    x, y = ((tied * common + np.sqrt(1 - tied**2) * rng.normal(size=configurations))[config] * shared for _ in range(2))
    return x + rng.normal(size=len(config)), y + rng.normal(size=len(config)), config


def test_pearson_and_spearman_are_scipys() -> None:
    x, y, config = runs(12, 3, 1.0, RNG, 0.6)
    result = correlation(x * 1e-6 + 3, np.exp(y), config)
    assert result.r.value == pytest.approx(stats.pearsonr(x, np.exp(y)).statistic, abs=1e-9)
    assert result.rho.value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)
    interval = stats.pearsonr(x, np.exp(y)).confidence_interval()
    assert (result.naive.low, result.naive.high) == pytest.approx((interval.low, interval.high), abs=1e-6)
    assert (result.runs, result.configurations, result.left_out) == (36, 12, 0)


def test_within_groups_and_between_seeds_by_hand() -> None:
    x, y, config = runs(12, 3, 2.0, RNG, 0.9)
    group = config % 4

    def centred(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return np.array([value - values[labels == label].mean() for value, label in zip(values, labels, strict=True)])

    result = correlation(x, y, config, group)
    assert result.within.value == pytest.approx(np.corrcoef(centred(x, group), centred(y, group))[0, 1])
    assert result.seeds.value == pytest.approx(np.corrcoef(centred(x, config), centred(y, config))[0, 1])


def test_the_interval_is_the_jackknife_over_configurations() -> None:
    x, y, config = runs(9, 4, 1.0, RNG, 0.5)
    result = correlation(x, y, config)
    z = np.arctanh([np.corrcoef(x[config != one], y[config != one])[0, 1] for one in range(9)])
    spread = np.sqrt(8 / 9 * np.square(z - z.mean()).sum())
    middle = np.arctanh(np.corrcoef(x, y)[0, 1])
    assert (result.r.low, result.r.high) == pytest.approx(
        tuple(np.tanh(middle + np.array([-1, 1]) * stats.t.ppf(0.975, 8) * spread)), abs=1e-9
    )
    assert result.p == pytest.approx(2 * stats.t.sf(abs(middle) / spread, 8))


@pytest.mark.parametrize(("configurations", "seeds", "tied"), [(5, 1, 0.0), (8, 3, 0.0), (8, 3, 0.8), (20, 3, 0.8)])
def test_the_interval_has_its_nominal_coverage(configurations: int, seeds: int, tied: float) -> None:
    rng = np.random.default_rng(2)
    shared = 2.0
    truth = tied**2 * shared**2 / (shared**2 + 1)  # correlation of x and y, including the noise of seeds
    intervals = [correlation(*runs(configurations, seeds, shared, rng, tied)).r for _ in range(300)]
    assert np.mean([one.low <= truth <= one.high for one in intervals]) > 0.91  # type: ignore[operator]


def test_correlated_seeds_widen_the_interval() -> None:
    x, y, config = runs(10, 20, 5.0, RNG, 0.7)
    result = correlation(x, y, config)
    assert result.r.high - result.r.low > 2 * (result.naive.high - result.naive.low)  # type: ignore[operator]


def test_unrelated_metrics_are_rarely_significant() -> None:
    rng = np.random.default_rng(1)
    ours = [correlation(*runs(16, 4, 2.0, rng)) for _ in range(300)]
    assert np.mean([one.p < 0.05 for one in ours]) < 0.09  # type: ignore[operator]
    assert np.mean([not one.r.low < 0 < one.r.high for one in ours]) < 0.09  # type: ignore[operator]
    assert np.mean([not one.naive.low < 0 < one.naive.high for one in ours]) > 0.2, "as if independent: wrong far too often"  # type: ignore[operator]


def test_diverged_runs_are_counted() -> None:
    x, y, config = runs(8, 2, 1.0, RNG)
    y[[0, 3]] = [np.nan, np.inf]
    result = correlation(x, y, config)
    assert (result.runs, result.left_out) == (14, 2)
    assert result.r.value == pytest.approx(np.corrcoef(np.delete(x, [0, 3]), np.delete(y, [0, 3]))[0, 1])


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        ([1.0, 1.0, 1.0, 1.0], "the first of the two is the same in all runs"),
        ([1.0, np.nan, np.nan, 2.0], "a correlation needs three runs, and there are 2"),
        ([np.nan] * 4, "a correlation needs three runs, and there are 0"),
    ],
)
def test_undefined_correlations_have_a_reason(x: list[float], reason: str) -> None:
    result = correlation(np.array(x), np.arange(4.0), np.arange(4))
    for one in (result.r, result.rho, result.naive):
        assert one.value is None
        assert reason in one.how
    assert result.p is None


def test_few_configurations_have_no_interval() -> None:
    x, y, config = runs(4, 5, 1.0, RNG)
    result = correlation(x, y, config)
    assert result.r.low is None
    assert "there are 4 configurations, and 5 are needed" in result.r.how
    assert result.p is None
    assert correlation(x, y, np.arange(20)).seeds.how == "undefined, because no configuration has several runs"
    assert correlation(config.astype(float), y, config).seeds.value is None, (
        "values common to all seeds of a configuration have no variance between them"
    )
    assert correlation(x, y, config).within.how == "undefined, because no group was named"


def test_many_comparisons_by_hand() -> None:
    x, y, config = runs(10, 2, 1.0, RNG, 0.9)
    several = [correlation(x, y, config), correlation(y, x[::-1].copy(), config), correlation(x * 0, y, config)]
    result = adjusted(several)
    p = sorted(one.p for one in several if one.p is not None)
    assert sorted(one.adjusted for one in result if one.adjusted is not None) == pytest.approx(
        [min(1, 2 * p[0]), max(min(1, 2 * p[0]), p[1])]
    )
    assert result[2].adjusted is None


def test_perfect_correlations_have_no_interval() -> None:
    assert fisher(np.arange(5.0), np.arange(5.0)).low is None
    result = correlation(np.arange(6.0), -np.arange(6.0), np.arange(6))
    assert (result.r.value, result.r.how, result.p) == (pytest.approx(-1), "one of the two determines the other", None)


def test_extreme_magnitudes() -> None:
    x, y, config = runs(10, 2, 1.0, RNG, 0.9)
    assert correlation(x * 1e305, y * 1e-305, config).r.value == pytest.approx(correlation(x, y, config).r.value)
