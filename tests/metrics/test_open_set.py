"""Open-set recognition: a case by hand, thresholds from other groups than the judged ones, and what is undefined."""

from __future__ import annotations

import numpy as np
import pytest

from scratchlab import metrics
from scratchlab.checks import Problem
from scratchlab.metrics.open_set import threshold


def two_words(rng: np.random.Generator, n: int, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    truth = rng.integers(0, 2, n)
    known = rng.normal(size=(n, 2)) + 2 * np.eye(2)[truth]
    return known, truth, rng.normal(size=(m, 2))


def test_a_case_by_hand() -> None:
    """Four unknown of which one may be accepted: the threshold is the second best, .5."""
    unknown = [[0.1, 0.0], [0.5, 0.2], [0.3, 0.6], [0.2, 0.2]]
    known, truth = [[0.9, 0.1], [0.5, 0.4], [0.7, 0.1], [0.1, 0.55]], [0, 0, 1, 1]
    found = metrics.open_set(known, truth, unknown, acceptance=0.25)
    assert found.each.tolist() == [False, True, True, False]
    assert found.lost == metrics.proportion(2, 4, "queries of known words")
    assert found.auroc.value == pytest.approx((4 + 2.5 + 4 + 3) / 16)


def test_at_most_the_wanted_fraction_is_above_the_threshold() -> None:
    rng = np.random.default_rng(0)
    for m in (1, 7, 19, 20, 39, 40, 1000):
        for unknown in (rng.normal(size=m), rng.integers(0, 4, m)):
            limit = threshold(unknown, 0.05)
            assert (unknown > limit).mean() <= 0.05
            lower = unknown[unknown < limit]
            assert not len(lower) or (unknown > lower.max()).mean() > 0.05


def test_the_threshold_of_a_group_is_of_other_groups() -> None:
    """A group's unknown queries do not decide about its known ones."""
    rng = np.random.default_rng(1)
    known, truth, unknown = two_words(rng, 80, 60)
    groups, unknown_groups = np.array(list("abcd"))[rng.integers(0, 4, 80)], np.array(list("abcd"))[rng.integers(0, 4, 60)]
    found = metrics.open_set(known, truth, unknown, groups=groups, unknown_groups=unknown_groups)
    for own, others in (("ac", "bd"), ("bd", "ac")):
        limit = threshold(unknown[np.isin(unknown_groups, list(others))].max(1))
        mine = np.isin(groups, list(own))
        assert found.each[mine].tolist() == ((known[mine].max(1) <= limit) | (known[mine].argmax(1) != truth[mine])).tolist()
    assert found.lost.value == found.each.mean()
    assert "unknown queries of the others" in found.lost.how
    louder = np.where(np.isin(unknown_groups, ["a", "c"])[:, None], unknown + 100, unknown)
    after = metrics.open_set(known, truth, louder, groups=groups, unknown_groups=unknown_groups)
    assert after.each[np.isin(groups, ["a", "c"])].tolist() == found.each[np.isin(groups, ["a", "c"])].tolist()
    assert after.each[np.isin(groups, ["b", "d"])].all()


def test_the_area_is_that_of_all_pairs_with_an_interval_over_groups() -> None:
    rng = np.random.default_rng(2)
    known, truth, unknown = two_words(rng, 50, 40)
    known, unknown = known.round(1), unknown.round(1)  # with ties
    groups, unknown_groups = rng.integers(0, 12, 50), rng.integers(0, 12, 40)
    area = metrics.open_set(known, truth, unknown, groups=groups, unknown_groups=unknown_groups).auroc
    plain = metrics.open_set(known, truth, unknown).auroc
    assert area.value == pytest.approx(plain.value)
    assert area.contains(float(area.value or 0))
    assert area.how == "bootstrap over 12 groups of the queries"
    bare = metrics.open_set(known, truth, unknown, groups=groups, unknown_groups=unknown_groups, times=0)
    assert (bare.auroc.value, bare.auroc.low) == (area.value, None)


def test_what_is_undefined() -> None:
    known, truth, unknown = two_words(np.random.default_rng(3), 6, 5)
    none = metrics.open_set(known, truth, np.empty((0, 2)))
    assert str(none.auroc) == str(none.lost) == "undefined, because there is no query of an unknown word"
    assert str(metrics.open_set(np.empty((0, 2)), np.empty(0, int), unknown).lost).endswith("no query of a known word")
    one = metrics.open_set(known, truth, unknown, groups=["a"] * 6, unknown_groups=["a"] * 5)
    assert one.lost.value is None
    assert "none to choose a threshold on" in one.lost.how
    assert one.auroc.value is not None
    assert one.auroc.low is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores_unknown": [[1.0]]}, "of the same k words"),
        ({"truth": [0, 2]}, "from 0 to 1"),
        ({"truth": [0.0, 1.0]}, "whole numbers"),
        ({"scores_known": [[1.0, 0.0], [np.nan, 1.0]]}, "best score of known query 1 is not finite"),
        ({"groups": ["a", "b"]}, "groups of both"),
        ({"acceptance": 1.0}, "below 1, not 1.0"),
    ],
)
def test_input_that_does_not_fit(change: dict[str, object], message: str) -> None:
    given = {"scores_known": [[1.0, 0.0], [0.0, 1.0]], "truth": [0, 1], "scores_unknown": [[0.5, 0.5]]}
    with pytest.raises(Problem, match=message):
        metrics.open_set(**{**given, **change})  # type: ignore[arg-type]
