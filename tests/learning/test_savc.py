"""SAVC: one class per transformation, queue and momentum encoder by hand, resuming, two processes, the mean over transformations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.learn import parallel
from scratchlab.learn.losses.interface import EmbeddedBatch
from scratchlab.learn.losses.momentum import MomentumTerm
from scratchlab.learn.methods.savc import SAVC, FantasyLearner, mean_over_transformations
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.encoders.mlp import MLP
from scratchlab.types import TrainingView
from tests.learning.conftest import (
    FORM,
    MemoryStore,
    RecordingObserver,
    components,
    embedder,
    in_two_processes,
    problem,
    trainer,
    whole_batch,
)

NONE = problem().some(np.empty(0, dtype=np.int64))


def method(
    store: MemoryStore | None = None, watch: RecordingObserver | None = None, seed: int = 0, encoder: str = "mlp", **settings: object
) -> SAVC:
    torch.manual_seed(seed)
    parts = Conv4(FORM, channels=8) if encoder == "conv4" else MLP(FORM, hidden=[32, 16])
    return SAVC(
        components(embedder(parts), trainer(store or MemoryStore(), watch or RecordingObserver(), batch=24)),
        **{"queue": 64, "dim": 8, **settings},
    )


def base() -> TrainingView:
    return TrainingView(problem(), problem(40, seed=1), NONE, np.arange(4))


def embedded(learner: FantasyLearner, rows: list[int]) -> EmbeddedBatch:
    return learner.embed(whole_batch(problem().some(np.array(rows)), seed=0), by_prototypes=False)


def contrast(learner: FantasyLearner) -> MomentumTerm:
    (loss,) = learner.others
    assert isinstance(loss, MomentumTerm)
    return loss


def test_each_class_becomes_one_class_per_transformation() -> None:
    learner = method(fantasies=["backward", "rotated_90"]).fantasy_learner(base())
    assert learner.class_weights.vector.shape == (12, 16)
    batch = embedded(learner, [3, 5])  # of classes 3 and 1
    assert batch.target.tolist() == [9, 10, 11, 3, 4, 5]
    features, _ = batch.features
    assert torch.equal(features[1], features[0].flip(2))
    assert torch.equal(features[5], features[3].rot90(1, (1, 2)))
    losses = learner.training_step(whole_batch(problem().some(np.array([3, 5])), seed=0)).loss
    assert losses.shape == (2,)


def test_the_mean_over_transformations_by_hand() -> None:
    scores = torch.randn(6, 4)
    assert mean_over_transformations(scores, 2)[1, 1] == pytest.approx(float(scores[2, 2] + scores[3, 3]) / 2)
    savc = method()
    savc.learn(base())
    inputs = train = problem()  # the same rows, because embeddings are cached by row
    for value, label in zip(savc.class_scores("cosine", inputs)[2], range(4), strict=True):
        expected = 0.0
        for turn in (False, True):

            def vectors(rows: np.ndarray, of: object, turn: bool = turn) -> torch.Tensor:
                batch = of.batch(rows)
                return savc.embedder(type(batch)(batch.values[:, :, ::-1, ::-1].copy() if turn else batch.values, batch.lengths)).vector

            query, mean = vectors(np.array([2]), inputs)[0], vectors(np.flatnonzero(train.labels == label), train).mean(0)
            expected += float(F.cosine_similarity(query, mean, dim=0).detach()) / 2
        assert float(value) == pytest.approx(expected, abs=1e-5)


def test_validation_averages_over_transformations_like_scoring() -> None:
    """Predictions of validation are those of the averaged similarities to class weights."""
    learner = method().fantasy_learner(base())
    learner.module.eval()
    valid = base().valid
    batch = valid.batch(np.arange(40))
    _, right = learner.validation_step(whole_batch(valid))
    cosines = F.normalize(learner.embedder(batch).vector, dim=1) @ F.normalize(learner.class_weights.vector, dim=1).T
    whole = torch.stack([(cosines[0::2, 2 * c] + cosines[1::2, 2 * c + 1]) / 2 for c in range(4)], 1)
    assert torch.equal(right, whole.argmax(1) == torch.from_numpy(valid.labels))


def test_the_queue_holds_the_last_keys_in_their_order() -> None:
    learner = method(queue=10).fantasy_learner(base())
    loss = contrast(learner)
    came: list[torch.Tensor] = []
    labels: list[int] = []
    for rows in ([0, 1, 2], [5, 6], [7]):  # 6, 4 and 2 keys into a queue of 10
        batch = embedded(learner, rows)
        loss.of_batch(batch)
        came.extend(loss._key(batch))
        labels.extend(batch.target.tolist())
    assert int(loss.contrast.count) == 12
    assert loss.contrast.labels.tolist() == labels[10:] + labels[2:10]
    assert torch.equal(loss.contrast.keys, torch.stack(came[10:] + came[2:10]))
    small = contrast(tiny := method(queue=3).fantasy_learner(base()))
    batch = embedded(tiny, [0, 1, 2])
    small.of_batch(batch)
    assert sorted(small.contrast.labels.tolist()) == sorted(batch.target.tolist()[-3:])


def test_the_momentum_encoder_by_hand() -> None:
    learner = method(momentum=0.9).fantasy_learner(base())
    loss = contrast(learner)
    slow, quick = loss.slow[0], learner.embedder.encoder
    before = [weight.clone() for weight in slow.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, quick.parameters(), strict=True))
    with torch.no_grad():
        for weight in quick.parameters():
            weight.add_(1.0)
    loss.of_batch(embedded(learner, [0, 1]))
    assert all(torch.allclose(now, was + 0.1, atol=1e-6) for now, was in zip(slow.parameters(), before, strict=True))
    loss.of_batch(embedded(learner, [0, 1])).sum().backward()
    assert all(weight.grad is None for weight in slow.parameters())
    assert all(weight.grad is not None for weight in quick.parameters())
    held = {id(weight) for group in learner.groups().values() for weight in group}
    assert not held & {id(weight) for weight in loss.slow.parameters()}


def test_the_loss_by_hand() -> None:
    """Second batch: positives are each input's own key and the keys of its class from the first batch."""
    learner = method(temperature=0.5, weight=2.0, momentum=0.0).fantasy_learner(base())
    loss = contrast(learner)
    loss.of_batch(first := embedded(learner, [0, 1, 4]))
    second = embedded(learner, [8, 2])
    actual = loss.of_batch(second)
    known = loss._key(first)
    for i, label in enumerate(second.target.tolist()):
        query = F.normalize(loss.projection(second.embeddings.vector[i]), dim=0)
        own = float((query * loss._key(second)[i]).sum().detach())
        others = [float((query * key).sum().detach()) for key in known]
        everything = np.log(sum(np.exp(value / 0.5) for value in (own, *others)))
        alike = [own, *(value for value, other in zip(others, first.target.tolist(), strict=True) if other == label)]
        assert len(alike) == (3 if label in (0, 1) else 1)
        assert float(actual[i].detach()) == pytest.approx(-2.0 * np.mean([value / 0.5 - everything for value in alike]), abs=1e-4)


@pytest.mark.parametrize("stop", [(0, 2), (2, 3)])
def test_resuming_is_bit_exact(stop: tuple[int, int]) -> None:
    """With batch normalisation in both encoders; queue, momentum encoder and all records are equal."""
    uninterrupted, kept = RecordingObserver(), MemoryStore()
    whole = method(kept, uninterrupted, encoder="conv4")
    whole.learn(base())
    store, watch = MemoryStore(), RecordingObserver(stop)
    with pytest.raises(InterruptedError):
        method(store, watch, encoder="conv4").learn(base())
    watch.stop = None
    other = method(store, watch, seed=99, encoder="conv4")
    other.learn(base())
    assert watch.records == uninterrupted.records
    (expected, _), (actual, _) = kept.checkpoint or ({}, {}), store.checkpoint or ({}, {})
    assert {
        "now/losses.0.contrast.keys",
        "now/losses.0.contrast.labels",
        "now/losses.0.contrast.count",
        "best/losses.0.contrast.keys",
    } <= expected.keys()
    assert any(name.startswith("now/losses.0.slow.0.") and "running_mean" in name for name in expected)
    assert expected.keys() == actual.keys()
    assert all(np.array_equal(expected[name], actual[name]) for name in expected)
    assert all(torch.equal(a, b) for a, b in zip(whole.tensors().values(), other.tensors().values(), strict=True))


def trained() -> dict[str, np.ndarray]:
    torch.set_num_threads(1)
    store = MemoryStore()
    savc = method(store, encoder="conv4", queue=50)
    savc.components.trainer.settings.batch, savc.components.trainer.settings.epochs = (
        41,
        1,
    )  # an odd batch size: one process has one more row
    savc.learn(base())
    return (
        {name: array for name, array in (store.checkpoint or ({}, {}))[0].items() if name.startswith("now/")}
        if parallel.rank() == 0
        else {}
    )


def work(rank: int, folder: str) -> None:
    np.savez(Path(folder) / f"{rank}.npz", **trained())


def test_two_processes_have_the_queue_of_one(tmp_path: Path) -> None:
    in_two_processes(work, str(tmp_path))
    actual, alone = dict(np.load(tmp_path / "0.npz")), trained()
    # Only a few steps, because rounding can change a maximum or a ReLU, after which the results diverge.
    assert np.array_equal(actual["now/losses.0.contrast.labels"], alone["now/losses.0.contrast.labels"])
    for name, expected in alone.items():
        assert np.allclose(actual[name], expected, rtol=1e-4, atol=1e-5), name


def test_unknown_fantasies_raise_a_problem() -> None:
    with pytest.raises(Problem, match=r"method.fantasies names 'rotated_18', but inputs of the form Image.*Did you mean 'rotated_180'"):
        method(fantasies=["rotated_18"])
