"""Detection in streams: exact intervals, events and not frames, and the whole curve as counted threshold by threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchlab import metrics
from scratchlab.checks import Problem


def test_two_alarms_in_25_hours() -> None:
    """Garwood's interval: .01 to .29 an hour; none in 10 hours: up to 3.69 alarms, as in every table of it."""
    rate = metrics.alarms_per_hour(2, 25)
    assert rate.value == 0.08
    assert (rate.low, rate.high) == (pytest.approx(0.2422 / 25, abs=1e-5), pytest.approx(7.2247 / 25, abs=1e-5))
    assert str(rate) == "0.08 an hour [0.01, 0.29]"
    none = metrics.alarms_per_hour(0, 10)
    assert (none.value, none.low, none.high) == (0, 0, pytest.approx(0.36889, abs=1e-5))
    assert str(metrics.alarms_per_hour(0, 0)) == "undefined, because the detector listened for no time"
    with pytest.raises(Problem, match="0 or more, not -1 and 2"):
        metrics.alarms_per_hour(-1, 2)


def test_the_exact_interval_of_a_proportion() -> None:
    """Against the binomial tails that define it; all and none at the ends."""
    from scipy import stats

    found = metrics.proportion(3, 20, "words")
    assert found.low is not None
    assert found.high is not None
    assert stats.binom.sf(2, 20, found.low) == pytest.approx(0.025)
    assert stats.binom.cdf(3, 20, found.high) == pytest.approx(0.025)
    assert (metrics.proportion(0, 20, "words").low, metrics.proportion(20, 20, "words").high) == (0, 1)
    assert str(metrics.proportion(0, 0, "words")) == "undefined, because there are no words"


def test_ten_alarms_of_twelve_frames_are_ten_alarms() -> None:
    """Counted by frame, as some packages do, they would be 120."""
    times = np.concatenate([60 * start + 0.08 * np.arange(12) for start in range(10)])
    assert len(metrics.events(times)) == 10
    assert metrics.detection(times, [], hours=1).false_alarms == 10
    np.testing.assert_allclose(metrics.events(times)[1], [60, 60.88])


def test_frames_within_the_refractory_time_are_of_one_event() -> None:
    assert metrics.events([], 1.0).shape == (0, 2)
    assert len(metrics.events([5.0, 0.0, 1.0, 2.0, 3.5], 1.0)) == 3
    assert len(metrics.events([0.2, 1.2, 2.2], 1.0)) == 1
    assert len(metrics.events([0.0, 0.0], 0.0)) == 1


def test_a_word_is_hit_until_shortly_after_its_end() -> None:
    """And an event that began within the word is no false alarm, however long it lasts."""
    words = [[1.0, 1.6], [5.0, 5.5]]
    assert metrics.detection([1.7], words, 1).hits == 0
    assert metrics.detection([1.7], words, 1, late=0.1) == metrics.Detection(1, 1, 0, 1)
    assert metrics.detection(np.arange(1.5, 4, 0.08), words, 1) == metrics.Detection(1, 1, 0, 1)
    both = metrics.detection([1.2, 2.0, 2.9, 3.8, 4.5, 5.2], words, 1)
    assert both == metrics.Detection(2, 0, 0, 1)


def test_labels_keep_words_and_recordings_apart() -> None:
    times, words = [1.0, 1.08, 1.16, 9.0], [[0.9, 1.2]]
    found = metrics.detection(times, words, 1, labels=["yes", "no", "yes", "no"], word_labels=["yes"])
    assert found == metrics.Detection(1, 0, 2, 1)
    assert metrics.detection(times, words, 1, labels=["no"] * 4, word_labels=["yes"]) == metrics.Detection(0, 1, 2, 1)


def test_the_miss_rate_has_its_interval() -> None:
    found = metrics.Detection(hits=48, misses=2, false_alarms=2, hours=25)
    assert found.miss_rate == metrics.proportion(2, 50, "true words")
    assert found.alarms_per_hour == metrics.alarms_per_hour(2, 25)
    assert str(metrics.Detection(0, 0, 1, 1).miss_rate) == "undefined, because there is no true word"


FRAMES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.sampled_from("ab")), max_size=25)
WORDS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6), st.sampled_from("ab")), max_size=4)


@settings(deadline=None, max_examples=200)
@given(FRAMES, WORDS, st.integers(0, 3), st.integers(0, 2))
def test_the_curve_is_counted_threshold_by_threshold(
    frames: list[tuple[int, int, str]], words: list[tuple[int, int, str]], refractory: int, late: int
) -> None:
    times, scores, labels = (list(column) for column in zip(*frames, strict=True)) if frames else ([], [], [])
    intervals, of = [(start, start + length) for start, length, _ in words], [label for *_, label in words]
    curve = metrics.detection_curve(scores, times, intervals, 2.0, labels=labels, word_labels=of, late=late, refractory=refractory)
    assert curve.thresholds.tolist() == [np.inf, *sorted(set(scores), reverse=True)]
    for threshold, misses, alarms in zip(curve.thresholds, curve.misses, curve.false_alarms, strict=True):
        fired = [(time, label) for time, score, label in frames if score >= threshold]
        expected, hit = 0, set()
        for label in "ab":
            own = sorted(time for time, its in fired if its == label)
            groups: list[list[int]] = []
            for time in own:
                if groups and time - groups[-1][-1] <= refractory:
                    groups[-1].append(time)
                else:
                    groups.append([time])
            assert len(groups) == len(metrics.events(own, refractory))
            for group in groups:
                met = {w for w, (a, b) in enumerate(intervals) if of[w] == label and any(a <= time <= b + late for time in group)}
                hit |= met
                expected += not met
        assert (misses, alarms) == (len(words) - len(hit), expected)
        assert curve.at(threshold) == metrics.Detection(len(hit), len(words) - len(hit), expected, 2.0)


def test_the_threshold_for_a_wanted_rate() -> None:
    curve = metrics.detection_curve([0.9, 0.8, 0.7, 0.6], [0, 10, 11, 20], [], hours=1, refractory=1.0)
    assert curve.false_alarms.tolist() == [0, 1, 2, 2, 3]
    assert [curve.threshold(alarms_per_hour=wanted) for wanted in (0, 1, 2, 3)] == [np.inf, 0.9, 0.7, 0.6]
    assert curve.at(0.85).false_alarms == 1
    assert np.isnan(curve.miss_rates).all()
    joined = metrics.detection_curve([0.9, 0.9, 0.5], [0, 2, 1], [], hours=1, refractory=1.0)
    assert joined.false_alarms.tolist() == [0, 2, 1]
    assert joined.threshold(alarms_per_hour=1) == np.inf, "not .5: a stream at .9 has more"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [1.0, 2.0], [], 1), "as many of each"),
        (([np.nan], [1.0], [], 1), "score of frame 0 is not finite"),
        (([1.0], [np.inf], [], 1), "time of frame 0 is not finite"),
        (([1.0], [1.0], [[2, 1]], 1), "Word 0 goes from 2.0 to 1.0 seconds"),
        (([1.0], [1.0], [1, 2], 1), r"shape \[w, 2\]"),
        (([1.0], [1.0], [], 0), "more than 0 hours, not 0"),
    ],
)
def test_input_that_does_not_fit(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(Problem, match=message):
        metrics.detection_curve(*arguments)  # type: ignore[arg-type]
    with pytest.raises(Problem, match="labels of both"):
        metrics.detection([1.0], [], 1, labels=["a"])
