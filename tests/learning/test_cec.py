"""CEC: its attention before and after training, resuming, and that scores depend on the known classes."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.data.samplers.interface import Episode
from scratchlab.learn.methods.cec import CEC, Attention, PseudoSessions, adapted_similarities
from scratchlab.learn.phases import Phase
from scratchlab.models.encoders.mlp import MLP
from scratchlab.types import Batch, Inputs, LabelledInputs, TrainingView
from tests.learning.conftest import FORM, MemoryStore, RecordingObserver, components, embedder, problem, trainer, whole_batch

NONE = problem().some(np.empty(0, dtype=np.int64))


def method(
    store: MemoryStore | None = None,
    watch: RecordingObserver | None = None,
    seed: int = 0,
    compared: tuple[str, ...] = ("cosine", "l2"),
    phases: str = "classifier 4, episodes 2",
    rate: float = 0.0002,
    **settings: object,
) -> CEC:
    torch.manual_seed(seed)
    training = trainer(store or MemoryStore(), watch or RecordingObserver(), phases=phases, rates={"attention": rate})
    return CEC(components(embedder(MLP(FORM, hidden=[32, 16])), training, *compared), **{"episodes_per_epoch": 10, **settings})


def part(classes: list[int], rows: LabelledInputs) -> LabelledInputs:
    return rows.some(np.isin(rows.labels, classes))


def base() -> TrainingView:
    return TrainingView(part([0, 1, 2], problem()), part([0, 1, 2], problem(40, seed=1)), NONE, np.arange(3))


def test_untrained_attention_only_normalises_vectors() -> None:
    model = method(phases="classifier 4", rate=0.01)
    model.learn(base())
    inputs = problem(40, seed=1)
    vectors = F.layer_norm(model.vectors(inputs), (16,))
    means = torch.stack([model.vectors(part([label], problem())).mean(0) for label in range(3)])
    means = F.layer_norm(means, (16,))
    expected = F.normalize(vectors, dim=1) @ F.normalize(means, dim=1).T
    assert torch.allclose(model.class_scores("cosine", inputs), expected, atol=1e-5)
    assert torch.allclose(model.class_scores("l2", inputs), -torch.cdist(vectors, means).square(), atol=1e-3)


def test_attention_by_hand() -> None:
    """One head, one query: softmax of the scaled dot products, weighted sum, residual connection, layer normalisation."""
    torch.manual_seed(0)
    attention = Attention(4, 1, 0.5).eval()
    torch.nn.init.normal_(attention.out.weight)
    x = torch.randn(3, 4)
    q, k, v = (x @ layer.weight.T for layer in (attention.query, attention.key, attention.value))
    weights = (q @ k.T / 2).exp()
    attended = (weights / weights.sum(1, keepdim=True)) @ v @ attention.out.weight.T
    expected = x + attended
    expected = (expected - expected.mean(1, keepdim=True)) / (expected.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(attention(x[None])[0], expected, atol=1e-5)


def test_training_in_episodes_lowers_the_loss() -> None:
    """The loss on the same episodes is lower than with a tiny learning rate, in training and in validation."""
    last: list[dict[str, float]] = []
    for rate in (0.01, 1e-9):
        watch = RecordingObserver()
        method(watch=watch, compared=("cosine",), phases="classifier 4, episodes 10", episodes_per_epoch=20, rate=rate).learn(base())
        last.append(watch.records[-1])
    assert last[0]["loss"] < last[1]["loss"] - 0.02
    assert last[0]["valid_loss"] < last[1]["valid_loss"] / 2


def test_the_classifier_is_frozen_in_the_episodes_phase() -> None:
    """The embedder is that of the selected epoch of the first phase; the rate halves five times over the second phase."""
    watch = RecordingObserver()
    alone = method(phases="classifier 4")
    alone.learn(base())
    both = method(watch=watch, phases="classifier 4, episodes 10")
    both.learn(base())
    expected, actual = alone.embedder.state_dict(), both.embedder.state_dict()
    assert all(torch.equal(expected[name], actual[name]) for name in expected)
    played = [record for record in watch.records if record["phase"] == "episodes"]
    assert [record["rates"]["attention"] for record in played] == [0.0002 * 0.5 ** (epoch // 2) for epoch in range(10)]
    assert all(record["rates"]["body"] == 0 for record in played)
    assert all(record["rates"]["attention"] == 0 for record in watch.records[:4])


def test_the_layout_of_episodes() -> None:
    labels = np.repeat([7, 2, 5], [6, 4, 8])
    sampler = PseudoSessions(labels, (2, 15), 2, 15, 3)
    assert sampler.episode == Episode(way=2 + 3, shot=2, query=2), "the smallest class has four rows"
    batches = sampler.batches(labels, 0, 1)
    assert len(batches) == 3
    for positions in batches:
        blocks = positions.reshape(5, 4)
        assert all(len(set(block.tolist())) == 4 and len(set(labels[block].tolist())) == 1 for block in blocks)
        assert len(set(labels[blocks[:2, 0]].tolist())) == 2
        assert sorted(labels[blocks[2:, 0]].tolist()) == [2, 5, 7]
    assert all(np.array_equal(first, second) for first, second in zip(batches, sampler.batches(labels, 0, 1), strict=True))
    assert not np.array_equal(batches[0], sampler.batches(labels, 0, 2)[0])


def test_the_loss_of_an_episode_by_hand() -> None:
    """The loss of every query, from embeddings of the transformed inputs, summed over attentions."""
    model = method(way=2, new_way=2, shot=2, query=3, dropout=0.0, transforms=["rotated_180"])
    learner, train = model.cec_learner(base()), base().train
    for attention in model.attentions.values():
        torch.nn.init.normal_(attention.out.weight)
    learner.module.eval()
    positions = learner.sampler.batches(train.labels, 3, 0)[0]
    phase = Phase("episodes", 1, learner.phases["episodes"])
    batch = whole_batch(train, seed=3, positions=positions, phase=phase, episode=learner.sampler.episode)
    result = learner.training_step(batch)
    values = train.batch(positions).values
    values[10:] = values[10:, :, ::-1, ::-1]
    with torch.no_grad():
        vectors = model.embedder(Batch(values.copy(), np.full(20, 16))).vector.view(4, 5, 16)
    prototypes = vectors[:, :2].mean(1)
    for label in range(4):
        for query in range(3):
            expected = 0.0
            for name, attention in model.attentions.items():
                adapted = attention(torch.cat([vectors[label, 2 + query][None], prototypes])[None])[0]
                near = F.cosine_similarity(adapted[:1], adapted[1:]) if name == "cosine" else -(adapted[1:] - adapted[0]).square().sum(1)
                expected -= float((16 * near).log_softmax(0)[label].detach())
            assert float(result.facts["loss"][label * 5 + 2 + query]) == pytest.approx(expected, abs=2e-3)
    assert result.facts["loss"].view(4, 5)[:, :2].isnan().all()
    assert float(result.loss.mean()) == pytest.approx(float(result.facts["loss"].nanmean()), rel=1e-5)


@pytest.mark.parametrize("stop", [(2, 2), (4, 0), (4, 6), (5, 9)])
def test_resuming_in_either_phase_is_bit_exact(stop: tuple[int, int]) -> None:
    """Within an epoch of episodes, training resumes at the interrupted step."""
    uninterrupted, interrupted, store = RecordingObserver(), RecordingObserver(stop), MemoryStore()
    whole = method(watch=uninterrupted, dropout=0.5)
    whole.learn(base())
    with pytest.raises(InterruptedError):
        method(store, interrupted).learn(base())
    assert store.checkpoint is not None
    assert store.checkpoint[1]["epoch"] == stop[0]
    assert store.checkpoint[1]["step"] == stop[1]
    interrupted.stop = None
    other = method(store, interrupted, seed=99)  # a new process starts from other random weights
    other.learn(base())
    assert interrupted.records == uninterrupted.records
    expected, actual = whole.tensors(), other.tensors()
    assert any(name.startswith("attention.cosine.") for name in expected)
    assert all(torch.equal(expected[name], actual[name]) for name in expected)
    assert torch.equal(whole.class_scores("cosine", problem()), other.class_scores("cosine", problem()))


def test_scores_depend_on_the_known_classes_and_are_not_cached() -> None:
    model = method(compared=("cosine",), episodes_per_epoch=100, rate=0.05)
    model.learn(base())
    inputs: Inputs = problem(40, seed=1)
    before = model.class_scores("cosine", inputs)
    branch = model.branch()
    branch.learn(TrainingView(NONE, NONE, part([3], problem(40, seed=2)), np.arange(4)))
    after = branch.class_scores("cosine", inputs)
    assert after.shape == (40, 4)
    assert not torch.allclose(after[:, :3], before, atol=1e-4)
    assert torch.equal(model.class_scores("cosine", inputs), before)


def test_scores_of_adapted_shots_are_averaged() -> None:
    model = method()
    shots = copy.copy(model.components.similarities["cosine"])
    shots.references = "shots"
    model.components.similarities, model.components.scoring.exemplars = {"cosine": shots}, 2
    model.learn(base())
    inputs = problem(8, seed=1)
    (references,) = model.references["cosine"]
    assert len(references.embeddings) == 6
    whole = adapted_similarities(model.attentions["cosine"], shots, model.vectors(inputs), references.embeddings.vector, ())
    assert torch.allclose(model.class_scores("cosine", inputs), whole.view(8, 3, 2).mean(2), atol=1e-6)


def test_wrong_settings_raise_problems() -> None:
    with pytest.raises(Problem, match=r"method.heads = 3 does not fit: it must divide the dimension 16"):
        method(heads=3)
    with pytest.raises(Problem, match=r"method.transforms names 'rotated_9', but .* allow: .*Did you mean 'rotated_90'"):
        method(transforms=["rotated_9"])
    with pytest.raises(Problem, match=r"names 'backward' twice"):
        method(transforms=["backward", "backward"])
    few = TrainingView(base().train.some(np.arange(5)), NONE, NONE, np.arange(3))
    with pytest.raises(Problem, match=r"each needs at least two training rows"):
        method().learn(few)
