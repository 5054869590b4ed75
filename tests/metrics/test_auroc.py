from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.metrics.roc import areas, auroc

Pairs = list[tuple[int, bool]]


def slow(scores: list[float], positive: list[bool]) -> float:
    """The area by counting all pairs of a positive and a negative."""
    wins, pairs = 0.0, 0
    for a, is_positive in zip(scores, positive, strict=True):
        for b, also_positive in zip(scores, positive, strict=True):
            if is_positive and not also_positive:
                pairs += 1
                wins += 1.0 if a > b else 0.5 if a == b else 0.0
    return wins / pairs


def slow_error(scores: list[float], positive: list[bool]) -> float:
    """DeLong's standard error, from the fractions of pairs that each sample wins."""
    ours = [a for a, is_positive in zip(scores, positive, strict=True) if is_positive]
    others = [a for a, is_positive in zip(scores, positive, strict=True) if not is_positive]
    won = [slow([a, *others], [True, *[False] * len(others)]) for a in ours]
    lost = [slow([*ours, b], [*[True] * len(ours), False]) for b in others]
    return float(np.sqrt(np.var(won, ddof=1) / len(won) + np.var(lost, ddof=1) / len(lost)))


def test_a_case_computed_by_hand() -> None:
    # positives 3, 2, 1 against negatives 2, 0: 3 beats both, 2 beats 0 and ties, 1 beats 0 -> 1 + 1 + 0.5 + 1 + 0 + 1 = 4.5 of 6
    estimate = auroc(np.array([3.0, 2.0, 2.0, 1.0, 0.0]), np.array([True, True, False, True, False]))
    assert estimate.value == 4.5 / 6


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=4, max_size=40))
def test_area_and_interval_equal_counting_every_pair(pairs: Pairs) -> None:
    scores, positive = [float(score) for score, _ in pairs], [is_positive for _, is_positive in pairs]
    estimate = auroc(np.array(scores), np.array(positive))
    if len(set(positive)) == 1:
        assert estimate.value is None
        return
    expected = slow(scores, positive)
    assert estimate.value == pytest.approx(expected, abs=1e-12)
    if estimate.low is not None and estimate.high is not None:
        half = (np.log(estimate.high / (1 - estimate.high)) - np.log(estimate.low / (1 - estimate.low))) / 2
        assert half == pytest.approx(1.959964 * slow_error(scores, positive) / (expected * (1 - expected)), rel=1e-5)


def test_areas_of_several_rows() -> None:
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 9, (3, 4, 20)).astype(np.float64), rng.random((3, 4, 20)) < 0.4
    estimate = areas(scores, positive)
    assert estimate.shape == (3, 4)
    for place in np.ndindex(3, 4):
        assert estimate[place] == pytest.approx(slow(scores[place].tolist(), positive[place].tolist()))


@pytest.mark.parametrize("area", [0.7, 0.95])
def test_the_interval_has_about_its_nominal_coverage(area: float) -> None:
    rng, covered = np.random.default_rng(0), 0
    shift = {0.7: 0.7416, 0.95: 2.3262}[area]  # of two normal distributions: area = Phi(shift / sqrt(2))
    positive = np.arange(150) < 50
    for _ in range(1000):
        estimate = auroc(rng.normal(size=150) + shift * positive, positive)
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= area <= estimate.high
    assert 0.925 <= covered / 1000 <= 0.98


@pytest.mark.parametrize(
    ("scores", "positive", "reason"),
    [
        ([1.0, 2.0], [False, False], "undefined, because there is no positive sample"),
        ([1.0, 2.0], [True, True], "undefined, because there is no negative sample"),
        ([1.0, np.nan, 2.0], [True, False, False], "undefined, because the score of 1 of 3 samples is not a number"),
    ],
)
def test_undefined_areas_say_why(scores: list[float], positive: list[bool], reason: str) -> None:
    estimate = auroc(np.array(scores), np.array(positive))
    assert (estimate.value, estimate.how) == (None, reason)


@pytest.mark.parametrize("scores", [np.array([0.0, 1.0, 2.0, 3.0]), np.zeros(4), np.array([0.0, 5.0, 5.0, np.inf])])
def test_constant_scores_have_no_interval_and_infinite_ones_are_ranked(scores: npt.NDArray[np.float64]) -> None:
    estimate = auroc(scores, np.array([False, False, True, True]))
    if scores[-1] == np.inf:
        assert estimate.value == pytest.approx(3.5 / 4)
    else:
        assert (estimate.value, estimate.low) == (1.0 if scores.any() else 0.5, None)
        assert "interval is undefined" in estimate.how
