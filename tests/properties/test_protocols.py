"""Every protocol, on data of any shape: queries share no row and no group with training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties import sample_data

from scratchlab.checks import Problem
from scratchlab.data.protocols.catalog import PROTOCOLS
from scratchlab.data.protocols.pools import pools
from scratchlab.data.protocols.sessions import SessionsPlan
from scratchlab.types import Inputs, Plan, Samples

SETTINGS: dict[str, dict[str, Any]] = {
    "closed_set": {"test": 0.3, "valid": 0.2},
    "episodes": {"way": 2, "shots": [1], "query": 1, "test": 0.3, "valid": 0.2, "disjoint": ["speaker"], "test_groups": 0.5},
    "retrieval": {"test": 0.5, "valid": 0.2, "probes": 1, "draw": "seed", "camera": "speaker", "same_camera": "ignore"},
    "sessions": {"base": 3, "way": 2, "shot": 2, "sessions": 2, "draws": 3, "test": 0.3, "valid": 0.2},
}
UNSEEN = {"retrieval"}  # protocols whose parts may share groups, since they test on classes not seen in training


def samples_of(labels: list[int], groups: list[int], splits: list[str] | None = None) -> Samples:
    """Rows of these classes by these speakers, in the publisher's split if there is one."""
    samples = sample_data.samples_of(labels, speaker=groups)
    return samples if splits is None else replace(samples, splits=np.array(splits))


@st.composite
def any_samples(draw: st.DrawFn) -> Samples:
    """7 to 9 classes, 4 to 12 speakers, every class spoken 2 to 4 times by every speaker; sometimes with a publisher's split."""
    classes, speakers = draw(st.integers(7, 9)), draw(st.integers(4, 12))
    counts = draw(st.lists(st.integers(2, 4), min_size=classes, max_size=classes))
    cells = [(c, g) for c in range(classes) for g in range(speakers) for _ in range(counts[c])]
    order = draw(st.permutations(cells)) if len(cells) < 60 else cells
    labels, groups = [c for c, _ in order], [g for _, g in order]
    published = draw(st.booleans())
    split_of = {g: "test" if g == 0 else "valid" if g == 1 else "train" for g in range(speakers)}
    return samples_of(labels, groups, [split_of[g] for g in groups] if published else None)


def plan_of(name: str, samples: Samples, seed: int, **changed: object) -> Plan:
    if name in UNSEEN and (samples.splits != "").any():
        changed = {"test": list(samples.classes[:3]), **changed}  # the publisher's split is by speaker and would divide classes
    return PROTOCOLS[name](seed, **{**SETTINGS[name], **changed}).plan(samples)


def test_every_protocol_has_settings() -> None:
    assert SETTINGS.keys() == PROTOCOLS.keys()


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(max_examples=60)
@given(samples=any_samples(), seed=st.integers(0, 1000))
def test_queries_share_no_row_and_no_group_with_training(name: str, samples: Samples, seed: int) -> None:
    """Over all splits together: training, validation and reference rows share no row and no group (for `UNSEEN`: no class) with any
    query."""
    plan = plan_of(name, samples, seed)
    unseen_classes = name in UNSEEN
    groups = samples.labels if unseen_classes else samples.grouped()
    query = np.unique(np.concatenate([plan.queries, *(split.query for split in plan.splits)]))
    assert len(query)
    for split in plan.splits:
        train, valid, reference = split.train, split.valid, split.reference
        for rows in (train, valid, reference):
            assert not np.intersect1d(rows, query).size
            assert not np.intersect1d(groups[rows], groups[query]).size
        for rows in (train, reference):
            assert unseen_classes or not np.intersect1d(groups[rows], groups[plan.split.valid]).size
        for rows in (train, reference, *(() if unseen_classes else (split.query,))):
            assert np.isin(samples.labels[rows], split.classes).all()


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(max_examples=20)
@given(samples=any_samples(), seed=st.integers(0, 1000))
def test_plans_are_deterministic_given_the_seed(name: str, samples: Samples, seed: int) -> None:
    first, second = (plan_of(name, samples, seed) for _ in range(2))
    assert np.array_equal(first.rows, second.rows)
    for a, b in zip(first.splits, second.splits, strict=True):
        for field in ("train", "valid", "reference", "query", "classes"):
            assert np.array_equal(getattr(a, field), getattr(b, field))


@settings(max_examples=30)
@given(samples=any_samples(), seed=st.integers(0, 1000))
def test_sessions_add_way_classes_with_exactly_shot_rows(samples: Samples, seed: int) -> None:
    plan = plan_of("sessions", samples, seed)
    assert isinstance(plan, SessionsPlan)
    assert len(plan.draws) == 3
    for draw in plan.draws:
        known = plan.split.classes
        for split in draw:
            assert np.array_equal(split.classes[: len(known)], known)
            new = split.classes[len(known) :]
            assert len(new) == 2
            labels, counts = np.unique(samples.labels[split.reference], return_counts=True)
            assert set(labels) == set(new)
            assert (counts == 2).all()
            known = split.classes


def test_more_draws_do_not_change_the_first_ones() -> None:
    samples = samples_of([c for c in range(8) for _ in range(40)], [g for _ in range(8) for g in range(40)])
    few, many = (plan_of("sessions", samples, 0, draws=draws) for draws in (2, 9))
    for a, b in zip(few.splits, many.splits[: len(few.splits)], strict=True):
        assert np.array_equal(a.reference, b.reference)
    first, second = (many.splits[1 + 2 * draw].reference for draw in (0, 1))
    assert not np.array_equal(np.sort(first), np.sort(second))


def test_query_inputs_have_no_labels() -> None:
    samples = samples_of([c for c in range(8) for _ in range(40)], [g for _ in range(8) for g in range(40)])
    queries = PROTOCOLS["closed_set"](0).plan(samples).split.inputs(samples)
    assert type(queries) is Inputs
    assert not hasattr(queries, "labels")
    assert not hasattr(queries, "ids")


def test_the_published_keyword_split() -> None:
    """Twenty base words, then dog/wow/house … follow/learn/forward."""
    text = (
        "backward bed bird cat dog down eight five follow forward four go happy house learn left marvin nine no off on one right "
        "seven sheila six stop three tree two up visual wow yes zero"
    )
    words = text.split()
    samples = samples_of([c for c in range(35) for _ in range(12)], [g for _ in range(35) for g in range(12)])
    samples = replace(samples, classes=tuple(words))
    *_, last = PROTOCOLS["sessions"](0, base=20, way=3, shot=5, sessions=5, order="fill", draws=1).plan(samples).splits
    names = [words[label] for label in last.classes]
    assert names[20:23] == ["dog", "wow", "house"]
    assert names[-3:] == ["follow", "learn", "forward"]
    assert "four" in names[:20]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"base": 30}, r"needs 34 classes .* but there are 8"),
        ({"shot": 50}, r"Class 'class\d' has 22 samples in the training groups, fewer than protocol.shot = 50"),
        ({"order": ["class1", "clas2"]}, r"names 'clas2', which is not a class; .*Did you mean 'class2'"),
        ({"order": ["class1", "class1"]}, "names a class twice: class1"),
        ({"test": ["nobody"]}, "names nobody, which is no speaker"),
        ({"test": 1.0}, "would select all of"),
    ],
)
def test_errors_for_settings_that_the_data_do_not_allow(changed: dict[str, object], sentence: str) -> None:
    samples = samples_of([c for c in range(8) for _ in range(40)], [g for _ in range(8) for g in range(40)])
    with pytest.raises(Problem, match=sentence):
        plan_of("sessions", samples, 0, **changed)


def test_groups_that_are_all_connected_are_an_error_with_a_remedy() -> None:
    """Every speaker is in the one room; with two rooms, the test takes one and none is left for validation."""
    samples = samples_of([0, 1] * 20, [i % 4 for i in range(40)])
    samples = replace(samples, groups={**samples.groups, "room": np.full(40, "1")})
    with pytest.raises(Problem, match=r"protocol.test = 0.25 cannot be drawn: all 40 rows left are of one speaker, .* or add data\.$"):
        PROTOCOLS["closed_set"](0, disjoint=["speaker", "room"]).plan(samples)
    samples = samples_of([0, 1] * 20, [i // 10 for i in range(40)])
    samples = replace(samples, groups={**samples.groups, "room": np.repeat(["1", "2"], 20)})
    with pytest.raises(Problem, match=r"protocol.valid = 0.15 cannot be drawn: all 20 rows left .*, or set protocol.valid = 0\.$"):
        PROTOCOLS["closed_set"](0, disjoint=["speaker", "room"]).plan(samples)
    assert len(PROTOCOLS["closed_set"](0, disjoint=["speaker", "room"], valid=0.0).plan(samples).split.query) == 20


def test_a_class_with_queries_but_no_training_rows_is_an_error() -> None:
    samples = samples_of([0, 0, 1, 1, 2], [0, 1, 0, 1, 1])
    with pytest.raises(Problem, match="Class 'class2' has test or validation rows, but no training rows"):
        PROTOCOLS["closed_set"](0, test=["speaker1"], valid=0.0).plan(samples)


def test_a_published_split_that_divides_a_group_is_an_error() -> None:
    samples = samples_of([0, 0, 1, 1], [0, 0, 1, 1], ["train", "test", "train", "test"])
    with pytest.raises(Problem, match="of the publisher's split are in both train and test"):
        PROTOCOLS["closed_set"](0).plan(samples)


@given(counts=st.lists(st.integers(2, 14), min_size=2, max_size=7), seed=st.integers(0, 999), test=st.floats(0.05, 0.9))
@settings(max_examples=60)
def test_without_groups_a_fraction_of_each_class_is_drawn(counts: list[int], seed: int, test: float) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    samples = samples_of(labels.tolist(), list(range(len(labels))))
    cut = pools(samples, samples.grouped(), test, 0.1, np.random.default_rng(seed), what="speaker")
    for label, count in enumerate(counts):
        sizes = [int((labels[rows] == label).sum()) for rows in (cut.train, cut.valid, cut.query)]
        assert sum(sizes) == count
        assert sizes[0] >= 1
        assert sizes[2] == min(count - 1, max(1, round(test * count)))


def test_a_closed_set_of_some_classes_contains_no_others() -> None:
    samples = samples_of([c for c in range(5) for _ in range(12)], list(range(60)))
    split = PROTOCOLS["closed_set"](0, classes=["class3", "class1"], test=0.25, valid=0.25).plan(samples).split
    assert split.classes.tolist() == [1, 3]
    for part in (split.train, split.valid, split.query):
        assert set(samples.labels[part].tolist()) == {1, 3}


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        (["class1"], "is a single class; name at least two"),
        (["class1", "clas2"], "protocol.classes names 'clas2', which is not a class"),
        (["class1", "class1"], "protocol.classes names a class twice: class1"),
    ],
)
def test_errors_for_wrong_classes(classes: list[str], sentence: str) -> None:
    samples = samples_of([c for c in range(3) for _ in range(12)], list(range(36)))
    with pytest.raises(Problem, match=sentence):
        PROTOCOLS["closed_set"](0, classes=classes).plan(samples)
