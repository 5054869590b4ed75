"""Classes composed of primitives: rebuilding against a loop, the losses by hand, what a session may change, resuming."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from scratchlab.checks import Problem
from scratchlab.learn.losses.catalog import Losses
from scratchlab.learn.losses.composition import Composition
from scratchlab.learn.losses.cross_entropy import CrossEntropy
from scratchlab.learn.losses.interface import EmbeddedBatch
from scratchlab.learn.methods.compositional import Compositional, gradient_descent
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.similarity.cka_matrices import CKA
from scratchlab.similarity.reuse import attention, rebuilt
from scratchlab.types import Embeddings, TrainingView
from tests.contracts.test_methods import FORM, bars, base, later
from tests.learning.conftest import MemoryStore, RecordingObserver, components, embedder, trainer


def primitives(n: int = 3, t: int = 2, c: int = 4) -> torch.Tensor:
    return torch.randn(n, t, c, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def of_matrices(matrix: torch.Tensor) -> Embeddings:
    return Embeddings(matrix.new_zeros(len(matrix), 1), matrix, torch.full((len(matrix),), matrix.shape[1]))


def test_rebuilt_matrices_against_a_reference_loop() -> None:
    given, aux = primitives(), 0.7
    expected = torch.zeros_like(given)
    for own in range(3):
        for place in range(2):
            others = [given[other, at] for other in range(3) if other != own for at in range(2)]
            weights = [math.exp(-aux * float(((given[own, place] - other) ** 2).sum())) for other in others]
            expected[own, place] = sum(w * other for w, other in zip(weights, others, strict=True)) / sum(weights)
    assert torch.allclose(rebuilt(given, aux), expected)


def test_no_class_uses_its_own_primitives() -> None:
    """Not even if they are by far the nearest."""
    given = primitives()
    given[1, 1] = given[1, 0]
    weights = attention(given, 50.0).view(3, 2, 3, 2)
    for own in range(3):
        assert (weights[own, :, own] == 0).all()
    assert torch.allclose(weights.sum((2, 3)), torch.ones(3, 2, dtype=torch.float64))


def test_the_attention_carries_no_gradient() -> None:
    """A rebuilt primitive gets no gradient; the others get the gradient of the mixture times their weight."""
    given = primitives().requires_grad_()
    rebuilt(given, 0.7)[0, 0].sum().backward()
    expected = attention(given, 0.7)[0].view(3, 2, 1).expand(3, 2, 4)
    assert given.grad is not None
    assert torch.allclose(given.grad, expected)
    assert (given.grad[0] == 0).all()


def test_the_loss_by_hand() -> None:
    """Matrices of one step and three channels: CKA is then the squared cosine of the centred steps."""
    class_matrices = torch.tensor([[[1.0, -1.0, 0.0]], [[1.0, 1.0, -2.0]]])
    inputs = torch.tensor([[[2.0, 0.0, -2.0]]])
    loss = Composition(CKA(), w_map=2.0, w_re=4.0, aux=64.0, temperature=16.0)
    batch = SimpleNamespace(embeddings=of_matrices(inputs), classes=of_matrices(class_matrices), target=torch.tensor([0]))
    # cos² to (1, -1, 0): (2/√16)² = 1/4; to (1, 1, -2): (6/√48)² = 3/4. Of two classes, each is rebuilt as the other.
    right, wrong = math.log(1 + math.exp(16 * (3 / 4 - 1 / 4))), math.log(1 + math.exp(16 * (1 / 4 - 3 / 4)))
    assert loss.of_batch(cast(EmbeddedBatch, batch)).item() == pytest.approx(2 * right + 4 * wrong, rel=1e-5)
    assert loss.groups() == {"temperature": [loss.temperature]}


def test_the_loss_without_reuse() -> None:
    loss = Composition(CKA(), w_map=1.0, w_re=0.0, aux=64.0, temperature=16.0)
    given = of_matrices(primitives().float())
    batch = SimpleNamespace(embeddings=given, classes=given, target=torch.arange(3))
    assert torch.allclose(loss.of_batch(cast(EmbeddedBatch, batch)), -(16 * CKA()(given, given)).log_softmax(1).diagonal())


def test_gradient_descent_is_plain_and_leaves_its_start_unchanged() -> None:
    start = Embeddings(torch.tensor([[2.0]]), torch.tensor([[[3.0]]]), torch.tensor([1]))
    actual = gradient_descent(start, lambda now: now.vector.square().sum() / 2, steps=3, rate=0.5)
    assert (float(actual.vector), float(actual.matrix)) == (0.25, 3.0)  # halved by each step; the matrix has no gradient
    assert (float(start.vector), start.vector.requires_grad) == (2.0, False)


def learned(kept: MemoryStore | None = None, watch: RecordingObserver | None = None, seed: int = 0, **settings: Any) -> Compositional:
    torch.manual_seed(seed)
    engine = trainer(kept or MemoryStore(), watch or RecordingObserver(), epochs=4, batch=20)
    method = Compositional(components(embedder(Conv4(FORM, channels=8), FORM), engine, "cosine", "cka"), **settings)
    samples = bars()
    method.learn(base(samples).view(samples))
    return method


def test_a_session_optimises_only_its_new_prototypes() -> None:
    samples, moved = bars(), learned()
    still = moved.branch()
    still.steps = 0
    before = {name: tensor.clone() for name, tensor in moved.tensors().items()}
    (split, *_) = later(samples, 0)
    view = split.view(samples)
    for method in (moved, still):
        method.learn(view)
    after, means = moved.tensors(), still.tensors()
    assert all(torch.equal(before[name], after[name]) for name in before.keys() - {"classes"})
    for part in ("vector", "matrix"):
        assert not torch.equal(after[f"prototypes.1.{part}"], means[f"prototypes.1.{part}"])

    def loss(method: Compositional) -> float:
        embeddings, total = method.embedder.embeddings(view.reference), 0.0
        target = torch.from_numpy(np.searchsorted(split.classes, view.reference.labels))
        for part, (scale, weight) in enumerate(((16.0, 1.0), (method.composition.temperature.item(), method.composition.w_map))):
            logits = torch.cat([scale * blocks[part].compare(embeddings) for blocks in method.prototypes], 1)
            total += weight * float(torch.nn.functional.cross_entropy(logits, target))
        return total

    assert loss(moved) < loss(still)


def test_the_first_head_is_the_sum_of_both_logits() -> None:
    samples, method = bars(), learned(base="trained")
    inputs = base(samples).inputs(samples)
    heads = method.score(inputs)
    assert list(heads) == ["compositional", "cosine", "cka"]
    embeddings, (first, second) = method.embedder.embeddings(inputs), method.prototypes[0]
    expected = 16 * first.similarity(embeddings, first.embeddings) + method.composition.temperature * second.similarity(
        embeddings, first.embeddings
    )
    assert np.allclose(heads["compositional"].values, expected.detach().numpy(), atol=1e-4)
    assert torch.equal(first.embeddings.matrix, cast(torch.Tensor, method.class_weights.matrix))
    assert method.groups == ("body", "vector", "matrix", "temperature")


def test_resuming_is_bit_exact() -> None:
    """Weights, class weights, temperature and prototypes are equal bit for bit."""
    whole = learned()
    store, watch = MemoryStore(), RecordingObserver((2, 3))
    with pytest.raises(InterruptedError):
        learned(store, watch)
    watch.stop = None
    repeated = learned(store, watch, seed=99)  # a new process starts from other random weights
    expected, actual = whole.tensors(), repeated.tensors()
    assert expected.keys() == actual.keys()
    assert all(torch.equal(expected[name], actual[name]) for name in expected)
    assert whole.composition.temperature.item() != 16.0


@pytest.mark.parametrize("name", ["cka", "one_to_one", "chamfer"])
def test_any_similarity_of_matrices_can_be_used(name: str) -> None:
    samples, method = bars(), learned(matrix=name)
    (split, *_) = later(samples, 0)
    method.learn(split.view(samples))
    assert next(iter(method.score(split.inputs(samples)).values())).values.shape[1] == 5


def test_wrong_settings_raise_problems() -> None:
    parts = components(embedder(Conv4(FORM, channels=8), FORM), trainer(MemoryStore(), RecordingObserver()), "cosine", "cka")
    with pytest.raises(Problem, match=r"method.matrix = 'cosine' compares vectors"):
        Compositional(parts, matrix="cosine")
    with pytest.raises(
        Problem, match=r"method.matrix names 'ckaa', but the similarities of this recipe are: cosine, cka. Did you mean 'cka'"
    ):
        Compositional(parts, matrix="ckaa")
    samples, method = bars(), Compositional(parts)
    view = base(samples).view(samples)
    only = view.train.some(view.train.labels == 0)
    with pytest.raises(Problem, match="needs at least two base classes"):
        method.learn(TrainingView(only, view.valid, view.reference, np.array([0])))
    both = CrossEntropy(parts.similarities, weights={"cosine": 1.0, "cka": 0.5})
    parts.losses = Losses({"cross_entropy": both})
    with pytest.raises(Problem, match="names cosine, cka, but the method compositional adds the loss over matrices itself"):
        Compositional(parts)
