"""Methods never see the true labels of rows that label noise changed; only the evaluation does: for every protocol and noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchlab.data.noise.given import GivenLabels, given_labels
from scratchlab.data.noise.pair import Pair
from scratchlab.data.noise.symmetric import Symmetric
from scratchlab.data.protocols.catalog import PROTOCOLS
from scratchlab.types import Batch, Inputs, LabelledInputs, Plan, Samples, TrainingView, Waveform

SETTINGS: dict[str, dict[str, Any]] = {
    "closed_set": {"test": 0.3, "valid": 0.2},
    "sessions": {"base": 4, "way": 2, "shot": 2, "sessions": 2, "draws": 2, "test": 0.3, "valid": 0.2},
    "episodes": {"way": 2, "shots": [1], "query": 1, "episodes": 5, "test": 0.3, "valid": 0.4},
    "retrieval": {"test": 0.3, "valid": 0.4},
}
NOISES = {"symmetric": Symmetric, "pair": Pair}


@st.composite
def noisy(draw: st.DrawFn, protocol: str) -> tuple[Samples, Plan, GivenLabels]:
    """Ten classes of 8 to 20 rows in any order, their plan by this protocol, and labels changed by either noise at any rate."""
    sizes = draw(st.lists(st.integers(8, 20), min_size=10, max_size=10))
    seed = draw(st.integers(0, 1000))
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(10), sizes))
    n = len(labels)
    samples = Samples(
        np.array([f"item{i}" for i in range(n)]),
        labels,
        tuple(f"class{i}" for i in range(10)),
        {},
        np.full(n, ""),
        Waveform(100),
        lambda rows: Batch(np.zeros((len(rows), 1), np.float32), np.ones(len(rows), np.int64)),
    )
    plan = PROTOCOLS[protocol](seed, **SETTINGS[protocol]).plan(samples)
    noise = NOISES[draw(st.sampled_from(sorted(NOISES)))](rate=draw(st.floats(0.05, 0.45)), exact=draw(st.booleans()))
    return samples, plan, given_labels(noise, samples, plan.split, seed)


def test_every_protocol_has_settings() -> None:
    assert PROTOCOLS.keys() <= SETTINGS.keys()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=40)
@given(data=st.data())
def test_no_view_contains_the_true_label_of_a_changed_row(protocol: str, data: st.DataObject) -> None:
    samples, plan, labels = data.draw(noisy(protocol))
    noisy_samples = labels.apply(samples)
    changed = dict(zip(labels.rows[labels.changed].tolist(), labels.given[labels.changed].tolist(), strict=True))
    for split in plan.splits:
        view = split.view(noisy_samples)
        assert isinstance(view, TrainingView)
        for part in (view.train, view.valid, view.reference):
            assert type(part) is LabelledInputs
            for row, label in zip(part.rows.tolist(), part.labels.tolist(), strict=True):
                assert label == changed.get(row, samples.labels[row])
                assert row not in changed or label != samples.labels[row]
            assert not [value for value in vars(part).values() if isinstance(value, Samples)]
        assert type(split.inputs(noisy_samples)) is Inputs


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=40)
@given(data=st.data())
def test_only_training_and_validation_labels_change_and_queries_keep_true_labels(protocol: str, data: st.DataObject) -> None:
    samples, plan, labels = data.draw(noisy(protocol))
    noisy_samples = labels.apply(samples)
    assert np.array_equal(noisy_samples.labels, samples.labels)
    assert noisy_samples.given is not None
    changed = np.flatnonzero(noisy_samples.given != samples.labels)
    assert np.isin(changed, np.concatenate([plan.split.train, plan.split.valid])).all()
    assert np.array_equal(changed, np.sort(labels.rows[labels.changed]))
    all_wrong = replace(samples, given=(samples.labels + 1) % len(samples.classes))
    for split in plan.splits:
        assert np.array_equal(split.truth(all_wrong), samples.labels[split.query]), "even if queries were given other labels"
