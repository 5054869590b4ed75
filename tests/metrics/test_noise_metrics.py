from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scratchlab.metrics.estimate import Estimate
from scratchlab.metrics.noise import pseudo_labels, selection, share

Sample = tuple[bool, bool, int, int]


def slow(hits: list[bool]) -> float | None:
    count = 0
    for hit in hits:
        count += 1 if hit else 0
    return count / len(hits) if hits else None


def agree(result: Estimate, hits: list[bool]) -> None:
    expected = slow(hits)
    assert result.value == (None if expected is None else pytest.approx(expected))
    if expected is None:
        assert result.how.startswith("undefined, because there are no ")


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_selection_and_pseudo_labels_equal_counting(samples: list[Sample]) -> None:
    """Samples: selected, wrong, pseudo-label, true label."""
    selected, wrong = (np.array([one[i] for one in samples], dtype=np.bool_) for i in (0, 1))
    pseudo, true = (np.array([one[i] for one in samples], dtype=np.int64) for i in (2, 3))
    result = selection(selected, wrong) | pseudo_labels(pseudo, true, wrong)
    agree(result["selection_precision"], [not one[1] for one in samples if one[0]])
    agree(result["selection_recall"], [one[0] for one in samples if not one[1]])
    agree(result["pseudo_label_accuracy"], [one[2] == one[3] for one in samples])
    agree(result["pseudo_label_corrected"], [one[2] == one[3] for one in samples if one[1]])
    agree(result["pseudo_label_kept"], [one[2] == one[3] for one in samples if not one[1]])


def test_a_case_computed_by_hand() -> None:
    """Five samples, the last two wrong; 1, 2 and 4 are selected: 2 of these 3 have right labels, and 2 of the 3 right ones are selected."""
    result = selection(np.array([True, True, False, True, False]), np.array([False, False, False, True, True]))
    assert (result["selection_precision"].value, result["selection_recall"].value) == (2 / 3, 2 / 3)
    labels = pseudo_labels(np.array([0, 1, 1, 0, 2]), np.array([0, 1, 2, 0, 1]), np.array([False, False, False, True, True]))
    assert [labels[f"pseudo_label_{name}"].value for name in ("accuracy", "corrected", "kept")] == [3 / 5, 1 / 2, 2 / 3]


@pytest.mark.parametrize(("right", "n"), [(0, 5), (3, 10), (81, 263), (20, 20)])
def test_wilsons_interval_inverts_the_score_test(right: int, n: int) -> None:
    """Its ends p solve |k/n - p| = 1.96 sqrt(p(1-p)/n); 81 of 263 is Newcombe's (1998) example: .2553 to .3662."""
    result = share(np.arange(n) < right, "samples")
    assert result.low is not None
    assert result.high is not None
    z = float(stats.norm.ppf(0.975))
    for end in (result.low, result.high):
        if 0 < end < 1:
            assert abs(right / n - end) == pytest.approx(z * np.sqrt(end * (1 - end) / n))
    if (right, n) == (81, 263):
        assert (round(result.low, 4), round(result.high, 4)) == (0.2553, 0.3662)
    if right in (0, n):
        assert {result.low, result.high} & {0.0, 1.0}
