"""Few-shot episodes, on data of any shape: test classes are not in training, and every episode is as the settings specify."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.sample_data import crossed, nested, samples_of

from scratchlab.checks import Problem
from scratchlab.data.protocols.drawing import dirichlet_counts
from scratchlab.data.protocols.episodes import Episodes, EpisodesPlan
from scratchlab.data.sources.fsdd import FSDD
from scratchlab.data.sources.omniglot import Omniglot
from scratchlab.types import Samples

SETTINGS: dict[str, Any] = {"way": 3, "shots": [1, 2], "query": 2, "episodes": 30, "test": 0.5, "valid": 0.0}


@st.composite
def any_samples(draw: st.DrawFn) -> Samples:
    """10 to 14 classes of 6 to 20 rows in any order, without groups, grouped in alphabets or by speakers."""
    sizes = draw(st.lists(st.integers(6, 20), min_size=10, max_size=14))
    labels = np.random.default_rng(draw(st.integers(0, 99))).permutation(np.repeat(np.arange(len(sizes)), sizes)).tolist()
    kind = draw(st.sampled_from(["none", "alphabet", "speaker"]))
    if kind == "none":
        return samples_of(labels)
    return samples_of(labels, **{kind: [c // 3 if kind == "alphabet" else i % 5 for i, c in enumerate(labels)]})


def training_rows(plan: EpisodesPlan) -> np.ndarray:
    """The training and validation rows of a plan."""
    return np.concatenate([plan.split.train, plan.split.valid])


@settings(max_examples=80)
@given(
    samples=any_samples(),
    seed=st.integers(0, 1000),
    unknown=st.integers(0, 1),
    dirichlet=st.sampled_from([0.0, 0.3, 2.0, 50.0]),
    valid=st.sampled_from([0.0, 0.2]),
)
def test_every_episode_is_as_the_settings_specify(samples: Samples, seed: int, unknown: int, dirichlet: float, valid: float) -> None:
    plan = Episodes(seed, **{**SETTINGS, "valid": valid}, unknown=unknown, dirichlet=dirichlet).plan(samples)
    assert plan.support.shape == (30, 3, 2)
    assert list(plan.queries_by) == ["balanced", *(["dirichlet"] if dirichlet else [])]
    assert (samples.labels[plan.support] == plan.classes[:, :, None]).all()
    for name, queries in plan.queries_by.items():
        assert queries.rows.shape == queries.target.shape == (30, (3 + unknown) * 2)
        for support, classes, rows, target in zip(plan.support, plan.classes, queries.rows, queries.target, strict=True):
            assert len(set(classes.tolist())) == 3
            assert len(np.unique([*support.ravel(), *rows])) == support.size + rows.size, "a row occurs twice in an episode"
            known = target >= 0
            assert (samples.labels[rows[known]] == classes[target[known]]).all()
            assert known.sum() == 6
            assert not np.isin(samples.labels[rows[~known]], classes).any()
            if name == "balanced":
                assert np.bincount(target[known], minlength=3).tolist() == [2, 2, 2]


@settings(max_examples=60)
@given(samples=any_samples(), seed=st.integers(0, 1000), valid=st.sampled_from([0.0, 0.2]))
def test_training_validation_and_test_are_disjoint_in_classes_and_nested_groups(samples: Samples, seed: int, valid: float) -> None:
    plan = Episodes(seed, **{**SETTINGS, "valid": valid}).plan(samples)
    test = np.unique([*plan.support.ravel(), *plan.queries])
    assert set(plan.rows.tolist()) == {*training_rows(plan).tolist(), *test.tolist()}
    assert bool(len(plan.split.valid)) == bool(valid)
    for column in (samples.labels, *(values for name, values in samples.groups.items() if name == "alphabet")):
        parts = [set(column[rows].tolist()) for rows in (plan.split.train, plan.split.valid, test)]
        assert sum(map(len, parts)) == len(set.union(*parts))
    assert plan.split.classes.tolist() == np.unique(samples.labels[plan.split.train]).tolist()
    assert len(plan.split.query) == len(plan.split.reference) == 0


@settings(max_examples=30)
@given(samples=any_samples(), seed=st.integers(0, 1000), more=st.integers(1, 40))
def test_plans_depend_on_the_seed_and_more_episodes_do_not_change_the_first_ones(samples: Samples, seed: int, more: int) -> None:
    plan, longer = (Episodes(seed, **{**SETTINGS, "episodes": n}).plan(samples) for n in (30, 30 + more))
    assert np.array_equal(plan.split.train, longer.split.train)
    assert np.array_equal(plan.support, longer.support[:30])
    for name, queries in plan.queries_by.items():
        assert np.array_equal(queries.rows, longer.queries_by[name].rows[:30])
        assert np.array_equal(queries.target, longer.queries_by[name].target[:30])
    other = Episodes(seed + 1, **SETTINGS).plan(samples)
    assert not np.array_equal(plan.support, other.support)


def test_rows_do_not_depend_on_the_chunk_size(monkeypatch: pytest.MonkeyPatch) -> None:
    for samples, more in ((crossed(each=4), {"apart": ["speaker"], "dirichlet": 0.0}), (crossed(each=4), {})):
        whole = Episodes(0, **{**SETTINGS, "episodes": 50}, **more).plan(samples)
        with monkeypatch.context() as patch:
            patch.setattr("scratchlab.data.protocols.drawing.MAX_KEYS", 100)
            chunked = Episodes(0, **{**SETTINGS, "episodes": 50}, **more).plan(samples)
        assert np.array_equal(whole.support, chunked.support)
        assert np.array_equal(whole.queries_by["balanced"].rows, chunked.queries_by["balanced"].rows)


def test_imbalanced_queries_and_unknown_classes_do_not_change_the_other_rows() -> None:
    samples = nested()
    plain, imbalanced, open_set = (Episodes(0, **SETTINGS, **more).plan(samples) for more in ({"dirichlet": 0.0}, {}, {"unknown": 2}))
    for other in (imbalanced, open_set):
        assert np.array_equal(plain.support, other.support)
        assert np.array_equal(plain.queries_by["balanced"].rows, other.queries_by["balanced"].rows[:, :6])


def test_every_row_and_class_is_drawn_equally_often() -> None:
    """3,000 episodes of 3 of 8 classes: each class is drawn 1,125 times, each of its 6 rows 375 times for a support of 2."""
    samples = nested()
    plan = Episodes(0, **{**SETTINGS, "episodes": 3000}).plan(samples)
    counts = np.bincount(plan.support.ravel(), minlength=len(samples))
    counts = counts[counts > 0]
    assert len(counts) == 48
    assert abs(counts - 375).max() < 5 * np.sqrt(375)
    first = np.bincount(plan.support[:, :, 0].ravel(), minlength=len(samples))
    assert abs(first[first > 0] - 187.5).max() < 5 * np.sqrt(187.5)


@given(
    alpha=st.floats(0.05, 50),
    limits=st.lists(st.lists(st.integers(4, 30), min_size=3, max_size=3), min_size=1, max_size=8),
    seed=st.integers(0, 99),
)
def test_dirichlet_counts_have_the_right_sum_and_limits(alpha: float, limits: list[list[int]], seed: int) -> None:
    available = np.array(limits)
    counts, short = dirichlet_counts(alpha, 12, available, np.random.default_rng(seed))
    assert (counts.sum(axis=1) == 12).all()
    assert ((counts >= 0) & (counts <= available)).all()
    expected = np.random.default_rng(seed).dirichlet([alpha] * 3, len(limits)) * 12
    fits = (np.floor(expected) <= available).all(axis=1)
    assert short == (~fits).sum()
    unlimited = (np.ceil(expected) <= available).all(axis=1)
    assert (abs(counts - expected)[unlimited] < 1).all()


def test_a_small_alpha_is_more_imbalanced_than_a_large_one() -> None:
    available = np.full((2000, 5), 75)
    largest = [dirichlet_counts(alpha, 75, available, np.random.default_rng(0))[0].max(axis=1).mean() for alpha in (0.5, 2.0, 100.0)]
    assert largest[0] > 40 > largest[1] > 25 > largest[2] > 15


# -- groups that contain several classes ------------------------------------------------------------------


def test_crossed_groups_leak_unless_disjoint_names_them() -> None:
    samples = crossed()
    plan = Episodes(0, **SETTINGS).plan(samples)
    assert any("Leak: 4 of 4 values of 'speaker' in the test rows are also in the training" in note for note in plan.notes)
    disjoint = Episodes(0, **{**SETTINGS, "valid": 0.2}, disjoint=["speaker"], test_groups=0.5, valid_groups=["speaker1"]).plan(samples)
    test = np.unique([*disjoint.support.ravel(), *disjoint.queries])
    for values in (samples.labels, samples.groups["speaker"]):
        parts = [set(values[rows].tolist()) for rows in (disjoint.split.train, disjoint.split.valid, test)]
        assert all(parts)
        assert sum(map(len, parts)) == len(set.union(*parts))
    assert not any("Leak" in note for note in disjoint.notes)
    assert any("rows of 120 are unused" in note for note in disjoint.notes)


def test_the_publishers_split_of_alphabets_is_used() -> None:
    samples = nested()
    published = np.where(samples.groups["alphabet"] == "alphabet2", "test", "train")
    samples = Samples(samples.ids, samples.labels, samples.classes, samples.groups, published, samples.form, samples.load)
    plan = Episodes(0, **SETTINGS).plan(samples)
    assert set(samples.groups["alphabet"][plan.queries].tolist()) == {"alphabet2"}


def test_test_classes_by_name() -> None:
    plan = Episodes(0, **{**SETTINGS, "test": ["class7", "class1", "class4"], "valid": ["class0"]}).plan(crossed())
    assert set(plan.classes.ravel().tolist()) == {1, 4, 7}
    assert plan.split.classes.tolist() == [2, 3, 5, 6, 8, 9]
    by_alphabet = Episodes(0, **{**SETTINGS, "test": ["alphabet3"]}).plan(nested())
    assert set(by_alphabet.classes.ravel().tolist()) == {12, 13, 14, 15}
    divided = Episodes(0, **{**SETTINGS, "test": ["class0", "class1", "class2"]}).plan(nested())
    assert any("Leak: 1 of 1 values of 'alphabet'" in note for note in divided.notes)


@settings(max_examples=40)
@given(
    speakers=st.lists(st.lists(st.integers(1, 4), min_size=3, max_size=9), min_size=8, max_size=8),
    seed=st.integers(0, 99),
    shots=st.sampled_from([[1], [1, 3]]),
)
def test_support_and_queries_of_an_episode_share_no_group(speakers: list[list[int]], seed: int, shots: list[int]) -> None:
    """Where that is possible in every episode; otherwise, the error names the class."""
    cells = [(label, g) for label, sizes in enumerate(speakers) for g, size in enumerate(sizes) for _ in range(size)]
    samples = samples_of([label for label, _ in cells], recording=[g for _, g in cells])
    protocol = Episodes(seed, **{**SETTINGS, "shots": shots}, apart=["recording"], unknown=1)
    try:
        plan = protocol.plan(samples)
    except Problem:
        with pytest.raises(Problem, match=r"Class 'class\d' has \d+ test rows?( in \d groups?|, but)"):
            protocol.plan(samples)
        return
    recording = samples.groups["recording"]
    for queries in plan.queries_by.values():
        for index in range(3):
            of_class = np.where(queries.target == index, queries.rows, -1)
            for support, rows in zip(plan.support[:, index], of_class, strict=True):
                assert not set(recording[support].tolist()) & set(recording[rows[rows >= 0]].tolist())
                assert len(set(support.tolist())) == max(shots)


def test_support_uses_a_proportional_number_of_groups() -> None:
    """8 recordings of 2 rows: 2 shots and 2 queries use half of them each; over episodes, every recording is used for both."""
    samples = samples_of([c for c in range(8) for _ in range(16)], recording=[i // 2 for i in range(128)])
    plan = Episodes(0, **{**SETTINGS, "episodes": 400}, apart=["recording"]).plan(samples)
    support, queries = set(plan.support.ravel().tolist()), set(plan.queries.tolist())
    assert len(support) == len(queries) == 64
    pairs = samples.groups["recording"][plan.support]
    assert 0.1 < (pairs[:, :, 0] == pairs[:, :, 1]).mean() < 0.2, "two of the 8 rows of four recordings: 1 in 7 from the same recording"


# -- errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"query": 11}, r"Class 'class\d' has 12 test rows, but an episode needs 13 per class \(2 for protocol.shots and 11 for"),
        ({"way": 6}, r"An episode needs 6 test classes .* but there are 5 \(class"),
        ({"unknown": 3}, "An episode needs 6 test classes .*; raise protocol.test = 0.5, or lower protocol.way"),
        ({"test": ["class1"], "valid": 0.0}, "but there are 1 .class1.; name more in protocol.test, or lower protocol.way"),
        ({"test": ["class1", "clas2"]}, "protocol.test names clas2, which is no class; there are: class0, class1"),
        ({"test": ["class1"], "valid": ["class1"]}, "protocol.test and protocol.valid both name class1; name each class once"),
        ({"test": 0.99}, "protocol.test = 0.99 would select all of 10 classes"),
        ({"disjoint": ["room"]}, "protocol.disjoint names 'room', but the source's columns of groups are: speaker"),
        ({"apart": ["room"]}, "protocol.apart names 'room', but the source's columns of groups are: speaker"),
        ({"disjoint": ["speaker"], "test_groups": ["speaker9"]}, "protocol.test_groups names speaker9, which is no speaker"),
        ({"shots": [10], "apart": ["speaker"]}, r"12 test rows in 4 groups \(speaker\), too few for 10 support"),
    ],
)  # fmt: skip
def test_errors_for_settings_that_the_data_do_not_allow(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        Episodes(0, **{**SETTINGS, **changed}).plan(crossed())


def test_errors_for_divided_groups_and_repeated_shots() -> None:
    with pytest.raises(Problem, match=r"classes in protocol.test and protocol.valid divide alphabet0 \(alphabet\) between"):
        Episodes(0, **{**SETTINGS, "test": ["class0", "class1", "class2"]}, disjoint=["alphabet"]).plan(nested())
    with pytest.raises(Problem, match="contains a number twice"):
        Episodes(0, shots=[5, 5])


# -- real data --------------------------------------------------------------------------------------------


def test_omniglot_and_spoken_digits(real_data: Callable[[str], Path]) -> None:
    parts = ["images_background_small1", "images_background_small2"]
    samples = Omniglot(root=str(real_data("omniglot")), parts=parts).read()
    plan = Episodes(0, test=["Japanese_(katakana)", "Sanskrit", "Tagalog"], valid=0.0, episodes=200).plan(samples)
    assert len(plan.split.classes) == 136
    assert not any("Leak" in note for note in plan.notes)
    digits = Episodes(0, way=4, test=list("6789"), valid=0.0, query=15, episodes=200).plan(FSDD(root=str(real_data("fsdd"))).read())
    assert (len(digits.split.classes), digits.support.shape) == (6, (200, 4, 5))
