"""Metrics against slow reference implementations and numbers computed by hand."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.metrics.classification import accuracy, balanced_accuracy, confusion, cross_entropy
from scratchlab.metrics.estimate import over_draws, over_groups, undefined
from scratchlab.metrics.sessions import average_accuracy, harmonic_mean, performance_drop, session_metrics

predictions = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def test_cross_entropy_by_hand_and_without_overflow() -> None:
    logits = np.array([[0.0, 0.0], [1000.0, 1000.0 + math.log(3)]])
    assert cross_entropy(logits, np.array([0, 1])) == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)


@given(predictions)
def test_accuracies_equal_slow_references(pairs: list[tuple[int, int]]) -> None:
    predicted, truth = (np.array(column) for column in zip(*pairs, strict=True))
    assert accuracy(predicted, truth) == sum(p == t for p, t in pairs) / len(pairs)
    recalls = []
    for label in sorted({t for _, t in pairs}):
        own = [p == t for p, t in pairs if t == label]
        recalls.append(sum(own) / len(own))
    assert balanced_accuracy(predicted, truth) == pytest.approx(sum(recalls) / len(recalls))
    table = confusion(predicted, truth, np.array([3, 1, 0, 4, 2]))
    assert table.sum() == len(pairs)
    assert table[0, 4] == sum(p == 2 and t == 3 for p, t in pairs)


def test_session_metrics_by_hand() -> None:
    """Base classes 0 and 1; class 2 is new. Base: 3 of 4 correct; new: 1 of 2; a new query predicted as a base class is wrong."""
    result = session_metrics(np.array([0, 0, 1, 2, 2, 0]), np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1]))
    assert result.accuracy == pytest.approx(4 / 6)
    assert result.base == pytest.approx(3 / 4)
    assert result.new == pytest.approx(1 / 2)
    assert result.harmonic == pytest.approx(2 * 0.75 * 0.5 / 1.25)
    assert result.balanced == pytest.approx((1 + 0.5 + 0.5) / 3)


def test_missing_accuracies_are_none_not_zero() -> None:
    result = session_metrics(np.array([0, 1]), np.array([0, 1]), np.array([0, 1]))
    assert result.new is None
    assert result.harmonic is None


def test_average_and_drop_of_a_published_row() -> None:
    """The sessions 73.1, 49.1 and a middle one: drop 24.0, mean over all three."""
    assert performance_drop([0.731, 0.600, 0.491]) == pytest.approx(0.24)
    assert average_accuracy([0.731, 0.600, 0.491]) == pytest.approx(0.6073, abs=1e-4)
    assert harmonic_mean(0.0, 0.0) == 0.0


def test_t_interval_of_a_textbook_sample() -> None:
    """n=10, mean 5.5, s=3.0277: half-width t(.975, 9)=2.2622 × s/√10 = 2.1659."""
    result = over_draws([float(x) for x in range(1, 11)], within=(0, 10))
    assert result.value == 5.5
    assert (result.high or 0) - 5.5 == pytest.approx(2.1659, abs=1e-4)
    cut = over_draws([0.9, 1.0])
    assert (cut.value, cut.high) == (0.95, 1.0)


def test_one_draw_has_no_interval_and_a_reason() -> None:
    result = over_draws([0.5])
    assert result.low is None
    assert "undefined, because one draw has no spread" in result.how
    assert over_draws([]).value is None
    assert str(undefined("there is nothing")) == "undefined, because there is nothing"


def test_group_bootstrap_covers_the_truth() -> None:
    """Speakers differ (sd 10 points): the interval over speakers covers the true 80 % in most of 200 simulations."""
    rng = np.random.default_rng(0)
    covered = naive = 0
    for _ in range(200):
        skill = np.clip(rng.normal(0.8, 0.1, 24), 0, 1)
        right = rng.random((24, 50)) < skill[:, None]
        groups = np.repeat([f"s{i}" for i in range(24)], 50)
        result = over_groups(right.ravel(), groups, times=400)
        alone = over_groups(right.ravel(), np.arange(right.size).astype(str), times=400)
        covered += (result.low or 0) <= 0.8 <= (result.high or 0)
        naive += (alone.low or 0) <= 0.8 <= (alone.high or 0)
    assert covered >= 176
    assert naive < 150


def test_where_all_are_right_the_interval_is_exact() -> None:
    """Of n groups that are each right with probability p, all are with p^n: 0.025 at the lower limit."""
    result = over_groups(np.ones(40), np.arange(40) // 4)
    assert (result.value, result.high) == (1.0, 1.0)
    assert result.low == pytest.approx(0.025 ** (1 / 10))
    assert "exact binomial over 10 groups" in result.how
    wrong = over_groups(np.zeros(10), np.arange(10))
    assert (wrong.value, wrong.low) == (0.0, 0.0)
    assert wrong.high == pytest.approx(1 - result.low)


def test_balanced_accuracy_over_groups() -> None:
    """The value equals `balanced_accuracy`; with one class the interval is that of plain accuracy."""
    rng = np.random.default_rng(1)
    truth, groups = rng.integers(0, 3, 300), rng.integers(0, 12, 300).astype(str)
    right = rng.random(300) < np.array([0.9, 0.5, 0.2])[truth]
    predicted = np.where(right, truth, (truth + 1) % 3)
    result = over_groups(right, groups, truth)
    assert result.value == pytest.approx(balanced_accuracy(predicted, truth))
    assert (result.low or 1) < (result.value or 0) < (result.high or 0)
    assert over_groups(right, groups, np.zeros(300, dtype=np.int64)) == over_groups(right, groups)


def test_one_group_has_no_interval() -> None:
    assert "one group has no spread" in over_groups(np.array([True, False]), np.array(["a", "a"])).how


def test_golden_sessions() -> None:
    golden = json.loads((Path(__file__).parent.parent / "golden" / "sessions.json").read_text())
    predicted, truth = (np.array(column) for column in zip(*golden["answers"], strict=True))
    result = session_metrics(predicted, truth, np.array(golden["base"]))
    assert asdict(result) == pytest.approx(golden["metrics"])
