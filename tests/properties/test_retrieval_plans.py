"""Plans of retrieval: probes and gallery of identities not used in training, and errors raised before any training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.sample_data import samples_of

from scratchlab.checks import Problem
from scratchlab.data.protocols.retrieval import Retrieval, RetrievalPlan
from scratchlab.types import Samples


def planned(samples: Samples, seed: int = 0, **changed: Any) -> RetrievalPlan:
    defaults = {"test": 0.5, "valid": 0.2, "probes": 1, "draw": "seed", "camera": "speaker", "same_camera": "keep"}
    return Retrieval(seed, **{**defaults, **changed}).plan(samples)


@st.composite
def any_samples(draw: st.DrawFn) -> Samples:
    """3 to 9 identities of 3 to 12 rows, in 1 to 4 cameras, in any order."""
    counts = draw(st.lists(st.integers(3, 12), min_size=3, max_size=9))
    cameras = draw(st.integers(1, 4))
    cells = draw(st.permutations([(label, row % cameras) for label, count in enumerate(counts) for row in range(count)]))
    return samples_of([label for label, _ in cells], speaker=[camera for _, camera in cells])


@settings(max_examples=60)
@given(samples=any_samples(), seed=st.integers(0, 1000), probes=st.sampled_from([1, 2, 0.3]), valid=st.sampled_from([0.0, 0.3]))
def test_probes_and_gallery_are_all_rows_of_identities_not_in_training(samples: Samples, seed: int, probes: float, valid: float) -> None:
    plan = planned(samples, seed, probes=probes, valid=valid)
    split, labels = plan.split, samples.labels
    training, test = np.union1d(split.train, split.valid), np.union1d(split.query, plan.gallery)
    assert np.array_equal(np.union1d(training, test), np.arange(len(samples)))
    assert len(training) + len(test) == len(samples)
    assert len(split.train) + len(split.valid) == len(training)
    assert bool(len(split.valid)) == (valid > 0)
    assert np.isin(labels[split.valid], labels[split.train]).all()
    for label in np.unique(labels[test]):
        number = int((labels[split.query] == label).sum())
        assert number == (probes if isinstance(probes, int) else max(1, round(probes * int((labels == label).sum()))))
        assert label in labels[plan.gallery]
    assert np.array_equal(plan.rows, np.arange(len(samples)))
    assert plan.cameras is not None
    assert len(np.unique(plan.cameras)) == len(np.unique(samples.groups["speaker"]))


IDENTITIES = samples_of([c for c in range(6) for _ in range(4)], speaker=[c // 2 for c in range(6) for _ in range(4)])


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"camera": ""}, "protocol.same_camera = 'keep' needs protocol.camera, the column of groups that contains the cameras"),
        ({"same_camera": "none"}, "protocol.camera = 'speaker' is set, but protocol.same_camera = 'none' means that cameras are unknown"),
        ({"camera": "spaeker"}, "protocol.camera names 'spaeker', but the source's columns of groups are: speaker. Did you mean 'speaker'"),
        (
            {"probes": 4},
            r"Identity 'class\d' has 4 test rows, all of which are probes \(protocol.probes = 4\), so none is left for the gallery",
        ),
        ({"disjoint": ["alphabet"]}, "protocol.disjoint names 'alphabet', but the source's columns of groups are: speaker"),
        ({"junk": ["class1"], "distractors": ["class1"]}, "protocol.junk and protocol.distractors both name class1"),
        ({"junk": ["class9"]}, "protocol.junk names 'class9', which is not a class"),
        ({"test": ["speaker1"]}, "protocol.test names speaker1, which is no identity; there are: class0"),
        ({"test": ["class1"], "disjoint": ["speaker"]}, "protocol.test names class1, which is no speaker; there are: speaker0"),
        ({"test": [f"class{i}" for i in range(6)]}, "leaves no training rows"),
        ({"test": ["class1"], "junk": ["class1"]}, "leaves no test rows except junk and distractors"),
        ({"test": ["class1"], "probes": 4, "unmatched": "count"}, "All test rows are probes or junk, so the gallery is empty"),
    ],
)
def test_errors_for_wrong_settings_are_raised_before_training(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        planned(IDENTITIES, **changed)


def test_training_and_test_are_disjoint_in_the_named_groups() -> None:
    for seed in range(5):
        plan = planned(IDENTITIES, seed, test=0.3, disjoint=["speaker"])
        training, test = (set(IDENTITIES.groups["speaker"][rows].tolist()) for rows in (plan.split.train, plan.gallery))
        assert not training & test
        assert "Training and test share no 'speaker'." in plan.notes


def test_junk_and_distractors_are_neither_training_rows_nor_probes() -> None:
    plan = planned(IDENTITIES, test=["class3", "class4", "class5"], junk=["class5"], distractors=["class4", "class0"])
    labels = IDENTITIES.labels
    assert set(labels[plan.split.train].tolist()) == {1, 2}
    assert set(labels[plan.split.query].tolist()) == {3}
    assert np.bincount(labels[plan.gallery]).tolist() == [0, 0, 0, 3, 4, 4]
    assert plan.junk.tolist() == [5]
    assert "Junk (class5): 4 gallery rows." in plan.notes
    assert "Distractors (class4, class0): 4 gallery rows; 4 rows in the training part of the split left out." in plan.notes


def test_the_first_rows_of_an_identity_are_its_probes() -> None:
    plan = planned(IDENTITIES, test=["class1"], probes=2, draw="first")
    assert IDENTITIES.ids[plan.split.query].tolist() == ["item4", "item5"]
    fraction = planned(IDENTITIES, test=["class1"], probes=0.7, draw="first")
    assert len(fraction.split.query) == 3


def test_a_probe_without_a_match_in_the_gallery_is_an_error_unless_unmatched_is_count() -> None:
    samples = samples_of([0, 0, 1, 2, 2, 2], speaker=[0, 1, 0, 0, 1, 2])
    changed = {"test": ["class1", "class2"], "probes": 1, "valid": 0.0}
    with pytest.raises(Problem, match="Identity 'class1' has 1 test row, all of which are probes"):
        planned(samples, **changed)
    plan = planned(samples, **changed, unmatched="count")
    assert set(samples.labels[plan.split.query].tolist()) == {1, 2}
    assert set(samples.labels[plan.gallery].tolist()) == {2}


def test_a_camera_rule_that_leaves_a_probe_without_match_is_an_error_before_training() -> None:
    samples = samples_of([0, 0, 1, 1, 1, 2, 2], camera=[0, 1, 0, 0, 0, 0, 1])
    changed = {"test": ["class1", "class2"], "probes": 1, "valid": 0.0, "draw": "first", "camera": "camera", "same_camera": "ignore"}
    with pytest.raises(Problem, match=r"1 of 2 probes have no match left .*'class1' have the camera of the probe 'item2'"):
        planned(samples, **changed)
    assert len(planned(samples, **changed, unmatched="count").split.query) == 2
    assert len(planned(samples, **{**changed, "same_camera": "keep"}).split.query) == 2
    assert len(planned(samples_of([0, 0, 1, 1], camera=[0, 1, 0, 1]), **{**changed, "test": ["class1"]}).split.query) == 1


def test_groups_shared_by_validation_and_test_are_said() -> None:
    samples = samples_of([0] * 8 + [1] * 4, speaker=[0] * 12)
    plan = planned(samples, test=["class1"], probes=1, valid=0.5)
    assert len(plan.split.valid)
    assert "Training and test share 1 value of 'speaker'." in plan.notes
