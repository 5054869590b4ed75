"""Every method: learns base and new classes, scores all known classes, and branches are independent."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.learning.conftest import MemoryStore, RecordingObserver, components, embedder, trainer

from scratchlab.data.protocols.sessions import Sessions
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.methods.catalog import METHODS
from scratchlab.learn.methods.interface import Method
from scratchlab.learn.references import References
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.encoders.mlp import MLP
from scratchlab.types import Batch, Image, Inputs, LabelledInputs, Samples, Split

FORM = Image(1, 12, 48)  # wide enough that Conv-4 leaves three steps
SETTINGS: dict[str, dict[str, object]] = {
    "cec": {"episodes_per_epoch": 1},
    "co_teaching": {"tau": 0.2},
}  # required settings, or faster ones
COMPARED = {"vectors": ["cosine"], "matrices": ["one_to_one"], "both": ["cosine", "cka"]}


def bars() -> Samples:
    """Images of six classes, which differ in the position of a bar; ten writers."""
    labels, groups = (index.ravel() for index in np.indices((6, 10, 4))[:2])
    values = np.random.default_rng(0).normal(0, 0.3, (240, 1, 12, 48)).astype(np.float32)
    for value, label in zip(values, labels, strict=True):
        value[0, 2 * label : 2 * label + 2] += 1
    return Samples(
        ids=np.array([f"bar{i}" for i in range(240)]),
        labels=labels,
        classes=tuple("abcdef"),
        groups={"writer": np.array([f"writer{g}" for g in groups])},
        splits=np.full(240, ""),
        form=FORM,
        load=lambda rows: Batch(values[rows], np.full(len(rows), 48)),
    )


PROTOCOL = Sessions(0, base=4, way=1, shot=3, sessions=2, order="source", draws=3, test=0.3, valid=0.2)


def base(samples: Samples) -> Split:
    return PROTOCOL.plan(samples).split


def later(samples: Samples, draw: int) -> tuple[Split, ...]:
    return PROTOCOL.plan(samples).draws[draw]


def learned(name: str, compared: str) -> tuple[Method, Samples]:
    torch.manual_seed(0)
    samples, names = bars(), COMPARED[compared]
    encoder = MLP(FORM, hidden=[32, 16]) if compared == "vectors" else Conv4(FORM, channels=16)
    fuse = [names] if len(names) > 1 else []
    method = METHODS[name](
        components(embedder(encoder, FORM), trainer(MemoryStore(), RecordingObserver(), epochs=8, batch=20), *names, fuse=fuse),
        **SETTINGS.get(name, {}),
    )
    method.learn(base(samples).view(samples))
    return method, samples


def scored(method: Method, samples: Samples, draw: int) -> list[dict[str, np.ndarray]]:
    branch, scores_by_split = method.branch(), []
    for split in later(samples, draw):
        branch.learn(split.view(samples))
        scores_by_split.append({head: scores.values for head, scores in branch.score(split.inputs(samples)).items()})
    return scores_by_split


@pytest.mark.parametrize("compared", COMPARED)
@pytest.mark.parametrize("name", METHODS)
def test_it_learns_base_and_new_classes(name: str, compared: str) -> None:
    method, samples = learned(name, compared)
    split = base(samples)
    heads = method.score(split.inputs(samples))
    first = next(iter(heads.values()))
    assert (first.predicted() == split.truth(samples)).mean() > 0.9
    for split in later(samples, 0):
        method.learn(split.view(samples))
        for scores in method.score(split.inputs(samples)).values():
            assert np.array_equal(scores.classes, split.classes)
            assert scores.values.shape == (len(split.query), len(split.classes))
    assert (next(iter(method.score(split.inputs(samples)).values())).predicted() == split.truth(samples)).mean() > 0.6


@pytest.mark.parametrize("compared", COMPARED)
@pytest.mark.parametrize("name", METHODS)
def test_draws_are_independent(name: str, compared: str) -> None:
    method, samples = learned(name, compared)
    before = scored(method, samples, 0)
    scored(method, samples, 1)
    for first, second in zip(before, scored(method, samples, 0), strict=True):
        assert first.keys() == second.keys()
        assert all(np.array_equal(first[head], second[head]) for head in first)


@pytest.mark.parametrize("compared", COMPARED)
@pytest.mark.parametrize("name", METHODS)
def test_similarity_of_new_classes_to_base_classes(name: str, compared: str) -> None:
    method, samples = learned(name, compared)
    assert method.similarity_to_base().shape == (0, 4)
    first, other = method.branch(), method.branch()
    for number, split in enumerate(later(samples, 0), 1):
        first.learn(split.view(samples))
        before = {head: scores.values for head, scores in first.score(split.inputs(samples)).items()}
        actual = first.similarity_to_base()
        assert actual.shape == (number, 4)
        assert torch.isfinite(actual).all()
        assert all(np.array_equal(before[head], scores.values) for head, scores in first.score(split.inputs(samples)).items())
    assert other.similarity_to_base().shape == (0, 4)


@pytest.mark.parametrize("compared", COMPARED)
@pytest.mark.parametrize("name", METHODS)
def test_scores_do_not_depend_on_the_order_of_queries(name: str, compared: str) -> None:
    method, samples = learned(name, compared)
    split = base(samples)
    inputs = split.inputs(samples)
    turned = type(inputs)(inputs.rows[::-1].copy(), samples.load)
    for head, scores in method.score(inputs).items():
        assert np.allclose(scores.values[::-1], method.score(turned)[head].values, atol=1e-5)


@pytest.mark.parametrize("compared", COMPARED)
@pytest.mark.parametrize("name", METHODS)
def test_learned_tensors_are_named(name: str, compared: str) -> None:
    method, samples = learned(name, compared)
    tensors = method.tensors()
    assert all(torch.isfinite(tensor.float()).all() for tensor in tensors.values())
    assert method.vectors(base(samples).inputs(samples)).ndim == 2
    assert method.groups
    assert isinstance(method.facts(), dict)


@pytest.mark.parametrize("compared", COMPARED)
@pytest.mark.parametrize("name", METHODS)
def test_pairs_and_episodes_have_the_same_heads(name: str, compared: str) -> None:
    """Pairs and episodes: each reference is a single row, classes of episodes are separated, and later scores are unchanged."""
    method, samples = learned(name, compared)
    split = base(samples)
    before = {head: scores.values for head, scores in method.score(split.inputs(samples)).items()}
    names = COMPARED[compared]
    heads = [*(["+".join(names)] if len(names) > 1 else []), *names]
    queries, others = Inputs(split.query, samples.load), Inputs(split.train[::3], samples.load)
    tiles = list(method.pairwise(queries, others))
    assert np.concatenate([np.arange(240)[part] for part, _ in tiles]).tolist() == list(range(len(queries)))
    for _, actual in tiles:
        assert list(actual) == heads
        assert all(scores.shape[1] == len(others) and scores.dtype == np.float32 for scores in actual.values())
    nearest = samples.labels[others.rows][np.concatenate([actual[names[0]] for _, actual in tiles]).argmax(1)]
    assert (nearest == split.truth(samples)).mean() > 0.7

    two = np.stack([np.flatnonzero(samples.labels == label) for label in (1, 3)])
    support, query = np.stack([two[:, i : i + 3] for i in (0, 3, 6)]), np.stack([two[:, i : i + 5].ravel() for i in (20, 25, 30)])
    actual = method.episodes(support, query, samples.load)
    assert list(actual) == heads
    for scores in actual.values():
        assert scores.shape == (3, 10, 2)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()
    assert (actual[heads[0]].argmax(2) == [0] * 5 + [1] * 5).mean() > 0.8
    for scorer in (method, method.baselines):  # each episode is scored independently
        alone = scorer.episodes(support[1:2], query[1:2], samples.load)
        for head, scores in scorer.episodes(support, query, samples.load).items():
            assert np.allclose(scores[1:2], alone[head], atol=1e-5)
    assert all(np.array_equal(before[head], scores.values) for head, scores in method.score(split.inputs(samples)).items())


@pytest.mark.parametrize("name", ["teen", "fill"])
def test_episodes_use_calibrated_references(name: str) -> None:
    method, samples = learned(name, "both")
    assert isinstance(method, Incremental)
    new = np.stack([np.flatnonzero(samples.labels == label) for label in (4, 5)])
    support, query = new[None, :, :3], new[None, :, 20:22].reshape(1, 4)
    actual = method.episodes(support, query, samples.load)
    for head, similarity in method.components.similarities.items():
        shots = LabelledInputs(support.ravel(), samples.load, np.repeat([4, 5], 3), samples.ids[support.ravel()])
        own, base = References.of(method.embedder, similarity, shots, np.array([4, 5])), method.references[head][0]
        moved = own.replaced(method.adapt(own.embeddings, base))
        inputs = Inputs(query[0], samples.load)
        assert np.allclose(actual[head][0], moved.scores(method.embedder, inputs).numpy(), atol=1e-5)
        assert not np.allclose(actual[head][0], own.scores(method.embedder, inputs).numpy(), atol=1e-5)
