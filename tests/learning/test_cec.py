"""CEC: what its attention does at the start and learns, that a kill changes nothing, that scores are of the classes known at the time."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from scratchlab.checks import Problem
from scratchlab.learn.methods.cec import CEC, Attention, Episode
from scratchlab.model.encoders.mlp import MLP
from scratchlab.types import Inputs, LabelledInputs, TrainingView
from tests.learning.conftest import FORM, Kept, Watch, components, embedder, problem, trainer

NONE = problem().some(np.empty(0, dtype=np.int64))


def method(
    memory: Kept | None = None, seed: int = 0, kind: type[CEC] = CEC, compared: tuple[str, ...] = ("cosine", "l2"), **settings: object
) -> CEC:
    torch.manual_seed(seed)
    parts = components(embedder(MLP(FORM, hidden=[32, 16])), trainer(memory or Kept(), Watch()), *compared)
    return kind(parts, **{"episodes": 20, **settings})


def part(classes: list[int], rows: LabelledInputs) -> LabelledInputs:
    return rows.some(np.isin(rows.labels, classes))


def base() -> TrainingView:
    return TrainingView(part([0, 1, 2], problem()), part([0, 1, 2], problem(40, seed=1)), NONE, np.arange(3))


def test_untrained_it_compares_normalised_vectors() -> None:
    one = method(episodes=0)
    one.learn(base())
    inputs = problem(40, seed=1)
    vectors = F.layer_norm(one.vectors(inputs), (16,))
    means = torch.stack([one.vectors(part([label], problem())).mean(0) for label in range(3)])
    means = F.layer_norm(means, (16,))
    expected = F.normalize(vectors, dim=1) @ F.normalize(means, dim=1).T
    assert torch.allclose(one.compared("cosine", inputs), expected, atol=1e-5)
    assert torch.allclose(one.compared("l2", inputs), -torch.cdist(vectors, means).square(), atol=1e-3)


def test_attention_by_hand() -> None:
    """One head of one query: softmax of the scaled products, what they weigh, the residual, the normalisation."""
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


def test_episodes_teach_it_to_play() -> None:
    """The loss over episodes that it was not trained in falls."""

    class Watched(CEC):
        def _play(self, attention: Attention, *more: object) -> None:
            pools, own = more[1], more[2]

            def loss() -> float:
                found = 0.0
                for number in range(1000, 1020):
                    prototypes, queries, target = self._episode(pools, own, number)
                    logits = self.temperature * self._answers(attention, self.components.similarities["cosine"], queries, prototypes)
                    found += float(F.cross_entropy(logits, target).detach()) / 20
                return found

            before = loss()
            super()._play(attention, *more)
            self.fell = before - loss()

    one = method(kind=Watched, compared=("cosine",), episodes=200, rate=0.01)
    one.learn(base())
    assert one.fell > 0.01


def test_an_episode_asks_other_rows_than_it_shows_and_new_classes_are_transformed() -> None:
    pools = torch.arange(3 * 12, dtype=torch.float32).view(3, 12, 1)  # by value: transformation * 12 + row
    own = [np.arange(0, 6), np.arange(6, 12)]
    one = method(way=2, new_way=1, shot=2, query=3)
    prototypes, queries, target = one._episode(pools, own, 0)
    assert target.tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert prototypes.shape == (3, 1)
    assert queries[:6].max() < 12 <= queries[6:].min()
    assert len(set(queries.flatten().tolist())) == 9
    for place, prototype in enumerate(prototypes.flatten().tolist()):
        mine = queries[target == place].flatten()
        row = mine % 12
        assert len(set((row // 6).tolist())) == 1
        shown = [pair for pair in own[int(row[0] // 6)].tolist() if pair not in row.tolist()]
        offset = float(mine[0] - row[0])
        assert min(shown) <= prototype - offset <= max(shown)
    again = one._episode(pools, own, 0)
    assert all(torch.equal(a, b) for a, b in zip(again, (prototypes, queries, target), strict=True))
    assert not torch.equal(one._episode(pools, own, 1)[1], queries)


def test_killed_among_the_episodes_it_ends_as_if_nothing_had_happened() -> None:
    class Killed(CEC):
        def _episode(self, pools: torch.Tensor, own: object, number: int) -> Episode:
            if number == 11:
                raise InterruptedError
            return super()._episode(pools, own, number)

    whole = method(dropout=0.5)
    whole.learn(base())
    memory = Kept()
    with pytest.raises(InterruptedError):
        method(memory, kind=Killed).learn(base())
    saves = memory.saves
    other = method(memory, seed=99)  # a new process starts from other random weights
    other.learn(base())
    assert memory.saves == saves, "the first training was over"
    expected, found = whole.tensors(), other.tensors()
    assert any(name.startswith("attention.cosine.") for name in expected)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert torch.equal(whole.compared("cosine", problem()), other.compared("cosine", problem()))


def test_scores_change_with_what_is_known_and_are_not_remembered() -> None:
    one = method(compared=("cosine",), episodes=200, rate=0.05)
    one.learn(base())
    inputs: Inputs = problem(40, seed=1)
    before = one.compared("cosine", inputs)
    branch = one.branch()
    branch.learn(TrainingView(NONE, NONE, part([3], problem(40, seed=2)), np.arange(4)))
    after = branch.compared("cosine", inputs)
    assert after.shape == (40, 4)
    assert not torch.allclose(after[:, :3], before, atol=1e-4)
    assert torch.equal(one.compared("cosine", inputs), before)


def test_shots_are_adapted_one_by_one_and_then_averaged() -> None:
    one = method()
    shots = copy.copy(one.components.similarities["cosine"])
    shots.references = "shots"
    one.components.similarities, one.components.scoring.exemplars = {"cosine": shots}, 2
    one.learn(base())
    inputs = problem(8, seed=1)
    (references,) = one.references["cosine"]
    assert len(references.embeddings) == 6
    whole = one._answers(one.attentions["cosine"], shots, one.vectors(inputs), references.embeddings.vector)
    assert torch.allclose(one.compared("cosine", inputs), whole.view(8, 3, 2).mean(2), atol=1e-6)


def test_wrong_settings_are_told() -> None:
    with pytest.raises(Problem, match=r"method.heads = 3 does not fit: it must divide the 16 values"):
        method(heads=3)
    with pytest.raises(Problem, match=r"method.transforms names 'rotated_9', but what fits.*Did you mean 'rotated_90'"):
        method(transforms=["rotated_9"])
    with pytest.raises(Problem, match=r"names 'backward' twice"):
        method(transforms=["backward", "backward"])
    few = TrainingView(base().train.some(np.arange(5)), NONE, NONE, np.arange(3))
    with pytest.raises(Problem, match=r"each needs two training rows"):
        method().learn(few)
