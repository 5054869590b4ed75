"""Every protocol, on data of any shape: what is asked shares neither a row nor a group with what was learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchlab.checks import Problem
from scratchlab.data.protocols.catalog import PROTOCOLS
from scratchlab.data.protocols.pools import pools
from scratchlab.data.protocols.retrieval import RetrievalPlan
from scratchlab.data.protocols.sessions import SessionsPlan
from scratchlab.types import Batch, Inputs, Plan, Rows, Samples, Split, Waveform

SETTINGS: dict[str, dict[str, Any]] = {
    "closed_set": {"test": 0.3, "valid": 0.2},
    "episodes": {"way": 2, "shots": [1, 2], "query": 2, "episodes": 20, "test": 0.4, "valid": 0.2},
    "retrieval": {"test": 0.5, "valid": 0.2, "probes": 1, "draw": "seed", "camera": "speaker", "same_camera": "ignore"},
    "sessions": {"base": 3, "way": 2, "shot": 2, "sessions": 2, "draws": 3, "test": 0.3, "valid": 0.2},
}


def made(labels: list[int], groups: list[int], splits: list[str] | None = None) -> Samples:
    n = len(labels)
    return Samples(
        ids=np.array([f"item{i}" for i in range(n)]),
        labels=np.array(labels),
        classes=tuple(f"class{i}" for i in range(max(labels) + 1)),
        groups={"speaker": np.array([f"speaker{g}" for g in groups])},
        splits=np.array(splits or [""] * n),
        form=Waveform(100),
        load=lambda rows: Batch(np.zeros((len(rows), 4), np.float32), np.full(len(rows), 4)),
    )


@st.composite
def any_samples(draw: st.DrawFn) -> Samples:
    """7 to 9 classes, 4 to 12 speakers, everyone saying everything 1 to 4 times; sometimes with the publisher's own split."""
    classes, speakers = draw(st.integers(7, 9)), draw(st.integers(4, 12))
    counts = draw(st.lists(st.integers(1, 4), min_size=classes, max_size=classes))
    cells = [(c, g) for c in range(classes) for g in range(speakers) for _ in range(counts[c])]
    order = draw(st.permutations(cells)) if len(cells) < 60 else cells
    labels, groups = [c for c, _ in order], [g for _, g in order]
    published = draw(st.booleans())
    side = {g: "test" if g == 0 else "valid" if g == 1 else "train" for g in range(speakers)}
    return made(labels, groups, [side[g] for g in groups] if published else None)


def planned(name: str, samples: Samples, seed: int, **changed: Any) -> Plan:
    """The plan of a protocol; where the publisher's split is by speakers, classes are named for those that cut between classes."""
    given = {**SETTINGS[name], **changed}
    if name == "retrieval" and (samples.splits != "").any():
        given["test"] = list(samples.classes[:3])
    return PROTOCOLS[name](seed, **given).plan(samples)


def asked(plan: Plan) -> Rows:
    return np.unique(np.concatenate([plan.queries, *(split.query for split in plan.splits)]))


def test_every_protocol_is_tried() -> None:
    assert SETTINGS.keys() == PROTOCOLS.keys()


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(max_examples=60)
@given(samples=any_samples(), seed=st.integers(0, 1000))
def test_what_is_asked_was_never_learned_from(name: str, samples: Samples, seed: int) -> None:
    """Over all splits together: what any split trains on, chooses by or keeps shares no row and no group with any query; where it is
    classes that are disjoint, no class."""
    plan = planned(name, samples, seed)
    query, first = asked(plan), plan.split
    by_class = name in ("episodes", "retrieval")
    groups = samples.labels if by_class else plan.groups
    for split in plan.splits:
        for rows in (split.train, split.valid, split.reference):
            assert not np.intersect1d(rows, query).size
            assert not np.intersect1d(groups[rows], groups[query]).size
        for rows in (split.train, split.reference):
            assert name == "retrieval" or not np.intersect1d(groups[rows], groups[first.valid]).size
        assert np.isin(samples.labels[split.train], split.classes).all()
        if not by_class:
            assert np.isin(samples.labels[np.concatenate([split.valid, split.reference, split.query])], split.classes).all()


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(max_examples=20)
@given(samples=any_samples(), seed=st.integers(0, 1000))
def test_a_seed_decides_everything(name: str, samples: Samples, seed: int) -> None:
    one, other = planned(name, samples, seed), planned(name, samples, seed)
    assert np.array_equal(one.rows, other.rows)
    assert np.array_equal(one.queries, other.queries)
    for first, second in zip(one.splits, other.splits, strict=True):
        for field in ("train", "valid", "reference", "query", "classes"):
            assert np.array_equal(getattr(first, field), getattr(second, field))


@settings(max_examples=60)
@given(samples=any_samples(), seed=st.integers(0, 1000), probes=st.sampled_from([1, 2, 0.3]), valid=st.sampled_from([0.0, 0.3]))
def test_probes_and_gallery_are_all_rows_of_identities_that_do_not_train(samples: Samples, seed: int, probes: float, valid: float) -> None:
    plan = planned("retrieval", samples, seed, probes=probes, valid=valid)
    assert isinstance(plan, RetrievalPlan)
    split, labels = plan.split, samples.labels
    learned, test = np.union1d(split.train, split.valid), np.union1d(split.query, plan.gallery)
    assert np.array_equal(np.union1d(learned, test), np.arange(len(samples)))
    assert len(learned) + len(test) == len(samples)
    assert len(split.train) + len(split.valid) == len(learned)
    assert bool(len(split.valid)) == (valid > 0)
    assert np.isin(labels[split.valid], labels[split.train]).all()
    for label in np.unique(labels[test]):
        own = int((labels[split.query] == label).sum())
        assert own == (probes if isinstance(probes, int) else max(1, round(probes * int((labels == label).sum()))))
        assert label in labels[plan.gallery]
    assert np.array_equal(plan.rows, np.arange(len(samples)))
    assert plan.cameras is not None
    assert len(np.unique(plan.cameras)) == len(np.unique(samples.groups["speaker"]))


@settings(max_examples=30)
@given(samples=any_samples(), seed=st.integers(0, 1000))
def test_sessions_add_their_classes_with_exactly_their_shots(samples: Samples, seed: int) -> None:
    plan = planned("sessions", samples, seed)
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


def drawn(samples: Samples, **changed: Any) -> tuple[tuple[Split, ...], ...]:
    """The sessions of every draw."""
    plan = planned("sessions", samples, 0, **changed)
    assert isinstance(plan, SessionsPlan)
    return plan.draws


def test_one_draw_more_leaves_the_others_as_they_were() -> None:
    samples = made([c for c in range(8) for _ in range(40)], [g for _ in range(8) for g in range(40)])
    few, many = drawn(samples, draws=2), drawn(samples, draws=9)
    for some, others in zip(few, many, strict=False):
        for one, other in zip(some, others, strict=True):
            assert np.array_equal(one.reference, other.reference)
    first, second = (draw[0].reference for draw in many[:2])
    assert not np.array_equal(np.sort(first), np.sort(second))


def test_query_labels_are_out_of_reach() -> None:
    samples = made([c for c in range(8) for _ in range(40)], [g for _ in range(8) for g in range(40)])
    inputs = PROTOCOLS["closed_set"](0).plan(samples).split.inputs(samples)
    assert type(inputs) is Inputs
    assert not hasattr(inputs, "labels")
    assert not hasattr(inputs, "ids")


def test_the_published_keyword_split() -> None:
    """Twenty base words, then dog/wow/house … follow/learn/forward."""
    text = (
        "backward bed bird cat dog down eight five follow forward four go happy house learn left marvin nine no off on one right "
        "seven sheila six stop three tree two up visual wow yes zero"
    )
    words = text.split()
    samples = made([c for c in range(35) for _ in range(12)], [g for _ in range(35) for g in range(12)])
    samples = Samples(samples.ids, samples.labels, tuple(words), samples.groups, samples.splits, samples.form, samples.load)
    last = drawn(samples, base=20, way=3, shot=5, sessions=5, order="fill")[0][-1]
    names = [words[label] for label in last.classes]
    assert names[20:23] == ["dog", "wow", "house"]
    assert names[-3:] == ["follow", "learn", "forward"]
    assert "four" in names[:20]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"base": 30}, r"needs 34 classes .* but there are 8"),
        ({"shot": 50}, r"Class 'class\d' has 22 samples in the training groups, fewer than protocol.shot = 50"),
        ({"order": ["class1", "clas2"]}, r"names 'clas2', which is no class here.*Did you mean 'class2'"),
        ({"order": ["class1", "class1"]}, "names a class twice: class1"),
        ({"test": ["nobody"]}, "names nobody, which is no group"),
        ({"test": 1.0}, "would take all"),
    ],
)
def test_what_cannot_be_is_told(changed: dict[str, Any], sentence: str) -> None:
    samples = made([c for c in range(8) for _ in range(40)], [g for _ in range(8) for g in range(40)])
    with pytest.raises(Problem, match=sentence):
        planned("sessions", samples, 0, **changed)


def test_a_class_that_is_asked_but_never_shown_is_refused() -> None:
    samples = made([0, 0, 1, 1, 2], [0, 1, 0, 1, 1])
    with pytest.raises(Problem, match="Class 'class2' has test or validation rows, but no training rows"):
        PROTOCOLS["closed_set"](0, test=["speaker1"], valid=0.0).plan(samples)


def test_a_published_split_that_cuts_through_a_group_is_refused() -> None:
    samples = made([0, 0, 1, 1], [0, 0, 1, 1], ["train", "test", "train", "test"])
    with pytest.raises(Problem, match="stand in both train and test of the publisher's split"):
        PROTOCOLS["closed_set"](0).plan(samples)


@given(counts=st.lists(st.integers(2, 14), min_size=2, max_size=7), seed=st.integers(0, 999), test=st.floats(0.05, 0.9))
@settings(max_examples=60)
def test_without_groups_every_class_is_on_every_side_it_has_rows_for(counts: list[int], seed: int, test: float) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    samples = made(labels.tolist(), list(range(len(labels))))
    cut = pools(samples, samples.grouped(), test, 0.1, np.random.default_rng(seed))
    for label, count in enumerate(counts):
        of_each = [int((labels[rows] == label).sum()) for rows in (cut.train, cut.valid, cut.query)]
        assert sum(of_each) == count
        assert of_each[0] >= 1
        assert of_each[2] == min(count - 1, max(1, round(test * count)))


def test_a_closed_set_of_some_classes_holds_no_others() -> None:
    samples = made([c for c in range(5) for _ in range(12)], list(range(60)))
    split = PROTOCOLS["closed_set"](0, classes=["class3", "class1"], test=0.25, valid=0.25).plan(samples).split
    assert split.classes.tolist() == [1, 3]
    for part in (split.train, split.valid, split.query):
        assert set(samples.labels[part].tolist()) == {1, 3}


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (["class1"], "leaves nothing to tell apart"),
        (["class1", "clas2"], "protocol.classes names 'clas2', which is no class here"),
        (["class1", "class1"], "protocol.classes names a class twice: class1"),
    ],
)
def test_classes_that_do_not_fit_are_told(classes: list[str], said: str) -> None:
    samples = made([c for c in range(3) for _ in range(12)], list(range(36)))
    with pytest.raises(Problem, match=said):
        PROTOCOLS["closed_set"](0, classes=classes).plan(samples)


IDENTITIES = made([c for c in range(6) for _ in range(4)], [c // 2 for c in range(6) for _ in range(4)])


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"camera": ""}, "protocol.same_camera = 'ignore' needs protocol.camera, the column of groups that holds the cameras"),
        ({"same_camera": "none"}, "protocol.camera = 'speaker' is given, but protocol.same_camera = 'none' says that no camera is known"),
        ({"camera": "spaeker"}, "protocol.camera names 'spaeker', but its columns of groups are: speaker. Did you mean 'speaker'"),
        (
            {"probes": 4},
            r"Identity 'class\d' has 4 test rows, all of which are probes \(protocol.probes = 4\), so that the gallery has none",
        ),
        ({"disjoint": ["alphabet"]}, "protocol.disjoint names 'alphabet', but its columns of groups are: speaker"),
        ({"junk": ["class1"], "distractors": ["class1"]}, "protocol.junk and protocol.distractors both name class1"),
        ({"junk": ["class9"]}, "protocol.junk names 'class9', which is no class here"),
        ({"test": ["speaker1"]}, "protocol.test names speaker1, which is no identity; there are: class0"),
        ({"test": ["class1"], "disjoint": ["speaker"]}, "protocol.test names class1, which is no speaker; there are: speaker0"),
        ({"test": [f"class{i}" for i in range(6)]}, "leaves no training rows"),
        ({"test": ["class1"], "junk": ["class1"]}, "leaves no test rows but junk and distractors"),
        ({"test": ["class1"], "probes": 4, "unmatched": "count"}, "All test rows are probes or junk, so that the gallery is empty"),
    ],
)
def test_what_retrieval_cannot_do_is_refused_before_training(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        planned("retrieval", IDENTITIES, 0, **changed)


def test_groups_that_may_not_cross_take_their_identities_along() -> None:
    for seed in range(5):
        plan = planned("retrieval", IDENTITIES, seed, test=0.3, disjoint=["speaker"])
        assert isinstance(plan, RetrievalPlan)
        sides = [set(IDENTITIES.groups["speaker"][rows].tolist()) for rows in (plan.split.train, plan.gallery)]
        assert not sides[0] & sides[1]
        assert "No 'speaker' stands in both training and test." in plan.notes


def test_junk_and_distractors_neither_train_nor_are_probes() -> None:
    plan = planned("retrieval", IDENTITIES, 0, test=["class3", "class4", "class5"], junk=["class5"], distractors=["class4", "class0"])
    assert isinstance(plan, RetrievalPlan)
    labels = IDENTITIES.labels
    assert set(labels[plan.split.train].tolist()) == {1, 2}
    assert set(labels[plan.split.query].tolist()) == {3}
    assert np.bincount(labels[plan.gallery]).tolist() == [0, 0, 0, 3, 4, 4]
    assert plan.junk.tolist() == [5]
    assert "Junk (class5): 4 gallery rows." in plan.notes
    assert "Distractors (class4, class0): 4 gallery rows." in plan.notes


def test_the_first_rows_of_an_identity_are_its_probes() -> None:
    plan = planned("retrieval", IDENTITIES, 0, test=["class1"], probes=2, draw="first")
    assert IDENTITIES.ids[plan.split.query].tolist() == ["item4", "item5"]
    shares = planned("retrieval", IDENTITIES, 0, test=["class1"], probes=0.7, draw="first")
    assert len(shares.split.query) == 3


def test_a_probe_without_its_identity_is_counted_where_that_is_asked_for() -> None:
    samples = made([0, 0, 1, 2, 2, 2], [0, 1, 0, 0, 1, 2])
    given = {"test": ["class1", "class2"], "probes": 1, "valid": 0.0}
    with pytest.raises(Problem, match="Identity 'class1' has 1 test row, all of which are probes"):
        planned("retrieval", samples, 0, **given)
    plan = planned("retrieval", samples, 0, **given, unmatched="count")
    assert isinstance(plan, RetrievalPlan)
    assert set(samples.labels[plan.split.query].tolist()) == {1, 2}
    assert set(samples.labels[plan.gallery].tolist()) == {2}
