"""Paired comparisons against slow reference implementations, scipy and numbers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scratchlab.metrics.paired import differences_over_draws, differences_over_groups, mcnemar


@given(st.lists(st.integers(-3, 3), max_size=60))
def test_mcnemar_equals_the_binomial_test(gains: list[int]) -> None:
    result = mcnemar(np.array(gains, dtype=np.float64))
    first, second = sum(gain < 0 for gain in gains), sum(gain > 0 for gain in gains)
    assert (result.first, result.second, result.units) == (first, second, len(gains))
    if first + second == 0 or len(gains) == 1:
        assert result.p is None
        assert result.how.startswith("undefined, because ")
    else:
        assert result.p == pytest.approx(stats.binomtest(first, first + second, 0.5).pvalue)


def test_mcnemar_by_hand() -> None:
    """9 to 1: P(X ≤ 1) = (1 + 10)/1024, twice that is 0.0215."""
    result = mcnemar(np.array([1.0] * 9 + [-1.0] + [0.0] * 90))
    assert result.p == pytest.approx(22 / 1024)
    assert result.how == "exact binomial test over 10 of 100"
    assert mcnemar(np.array([1.0, -1.0])).p == 1.0


def test_mcnemar_keeps_its_level_over_units_but_not_over_repetitions() -> None:
    """Two equally good, 40 queries, each asked in 10 draws with much the same outcome: by query the test is wrong in at most 5 % of worlds,
    by answer far more often."""
    rng = np.random.default_rng(0)
    by_query = by_answer = 0
    for _ in range(300):
        leaning = rng.choice([-1.0, 0.0, 1.0], 40, p=[0.3, 0.4, 0.3])
        gains = leaning[:, None] * (rng.random((40, 10)) < 0.9)
        by_query += (mcnemar(gains.sum(axis=1)).p or 1) < 0.05
        by_answer += (mcnemar(gains.ravel()).p or 1) < 0.05
    assert by_query <= 22
    assert by_answer > 100


def test_paired_draws_are_the_paired_t_test() -> None:
    rng = np.random.default_rng(1)
    first = rng.uniform(0.4, 0.6, 12)
    second = first + rng.normal(0.02, 0.01, 12)
    result = differences_over_draws(first, second, paired=True)
    known = stats.ttest_rel(second, first).confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((known.low, known.high))
    assert result.how == "mean over 12 draws, Student's t interval of the paired differences"


def test_unpaired_draws_are_welchs_t_test() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.uniform(0.4, 0.6, 9), rng.uniform(0.3, 0.9, 14)
    result = differences_over_draws(first, second, paired=False)
    known = stats.ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((known.low, known.high))
    assert result.value == pytest.approx(second.mean() - first.mean())
    same = differences_over_draws(np.full(3, 0.5), np.full(3, 0.75), paired=False)
    assert (same.low, same.value, same.high) == (0.25, 0.25, 0.25)


@pytest.mark.parametrize("paired", [True, False])
def test_one_draw_has_no_interval_and_none_has_no_value(paired: bool) -> None:
    result = differences_over_draws(np.array([0.5]), np.array([0.75]), paired=paired)
    assert (result.value, result.low) == (0.25, None)
    assert "undefined, because one draw has no spread" in result.how
    assert differences_over_draws(np.array([]), np.array([]), paired=paired).value is None


def test_whole_groups_are_resampled() -> None:
    """The same resamples, computed group by group."""
    rng = np.random.default_rng(3)
    groups = rng.choice(["a", "b", "c", "d"], 50)
    gains = rng.choice([-1.0, 0.0, 1.0], 50)
    members = np.stack([np.ones(50, bool), rng.random(50) < 0.3], axis=1)
    result = differences_over_groups(gains, groups, members, times=200, seed=7)
    drawn = np.random.default_rng(7).multinomial(4, [0.25] * 4, size=200)
    for column, estimate in zip(members.T, result, strict=True):
        means = []
        for times in drawn:
            taken = [gain for name, number in zip("abcd", times, strict=True) for gain in list(gains[column & (groups == name)]) * number]
            if taken:
                means.append(sum(taken) / len(taken))
        assert estimate.value == pytest.approx(gains[column].mean())
        assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
        assert estimate.how == "bootstrap over 4 groups of the queries; too narrow with so few groups"


def test_paired_intervals_are_narrower() -> None:
    """Speakers differ by 20 points, the second is better by 2 for each: the paired interval covers 2 and not 0."""
    groups = np.repeat([f"s{i:02d}" for i in range(20)], 100)
    gains = np.tile(np.repeat([1.0, 0.0], [2, 98]), 20)
    (result,) = differences_over_groups(gains, groups, np.ones((2000, 1), bool))
    assert (result.low, result.value, result.high) == pytest.approx((0.02, 0.02, 0.02))


def test_no_group_and_one_group() -> None:
    none, one = differences_over_groups(np.array([1.0, 0.0]), np.array(["a", "a"]), np.array([[False, True], [False, True]]))
    assert none.value is None
    assert (one.value, one.low) == (0.5, None)
    assert "one group has no spread" in one.how
    (nothing,) = differences_over_groups(np.array([]), np.array([], dtype=np.str_), np.ones((0, 1), bool))
    assert nothing.how == "undefined, because there is no answer"
