"""Losses against their formulas, written as loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from scratchlab.checks import Problem
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.losses.catalog import Losses
from scratchlab.learn.losses.composition import Composition
from scratchlab.learn.losses.contrastive import Contrastive
from scratchlab.learn.losses.cross_entropy import CrossEntropy
from scratchlab.learn.losses.imprinting import imprinted
from scratchlab.learn.losses.interface import ByClassWeights, EmbeddedBatch
from scratchlab.learn.losses.prototypical import Prototypical
from scratchlab.learn.losses.squared_error import SquaredError
from scratchlab.learn.losses.virtual import assignment
from scratchlab.learn.methods.fact import FACT
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.encoders.mlp import MLP
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import reversed_steps
from scratchlab.types import Image, TrainingView
from tests.contracts.test_similarities import embeddings
from tests.learning.conftest import FORM, MemoryStore, RecordingObserver, components, embedder, problem, trainer, whole_batch

COMPARED: dict[str, Similarity] = {name: SIMILARITIES[name]() for name in ("cosine", "one_to_one", "cka")}
WIDE = Image(1, 16, 64)


def embedded(**parts: Any) -> EmbeddedBatch:
    """A batch with given embeddings."""
    return cast(EmbeddedBatch, SimpleNamespace(embeddings=embeddings([5, 3, 6]), target=torch.tensor([0, 1, 0]), **parts))


def test_cross_entropy_sums_over_similarities() -> None:
    given = embedded(classes=embeddings([4, 4], seed=1))
    loss = CrossEntropy(COMPARED, weights={"cosine": 1.0, "cka": 0.2}, temperature=8.0)
    expected = [
        sum(
            weight * -torch.log_softmax(8 * COMPARED[name](given.embeddings, given.classes)[i], 0)[given.target[i]]
            for name, weight in (("cosine", 1.0), ("cka", 0.2))
        )
        for i in range(3)
    ]
    assert torch.allclose(loss.of_batch(given), torch.stack(expected))  # type: ignore[arg-type]
    assert loss.leading == "cosine"


def test_reversed_class_matrices_are_negatives() -> None:
    given = embedded(classes=embeddings([4, 4], seed=1))
    loss = CrossEntropy(COMPARED, weights={"one_to_one": 1.0}, reversed_negatives=True)
    plain, turned = (16 * COMPARED["one_to_one"](given.embeddings, classes) for classes in (given.classes, reversed_steps(given.classes)))
    assert torch.allclose(loss.of_batch(given), -torch.cat([plain, turned], 1).log_softmax(1)[torch.arange(3), given.target])
    for blind in ("cosine", "cka"):
        with pytest.raises(Problem, match="has no effect"):
            CrossEntropy(COMPARED, weights={blind: 1.0}, reversed_negatives=True)
    with pytest.raises(Problem, match="cannot tell a matrix from its reversal"):
        Contrastive(COMPARED, similarity="cka", reversed_negatives=True)


def test_contrastive_by_hand() -> None:
    given = embedded(second_view=embeddings([5, 3, 6], seed=4))
    scores = COMPARED["cosine"](given.embeddings, given.second_view) / 0.1
    for i, positives in enumerate([[0, 2], [1], [0, 2]]):
        expected = -sum(scores[i, j] - torch.logsumexp(scores[i], 0) for j in positives) / len(positives)
        assert torch.allclose(Contrastive(COMPARED, weight=0.3).of_batch(given)[i], 0.3 * expected, atol=1e-6)


def test_a_margin_is_subtracted_from_the_true_class() -> None:
    given = embedded(classes=embeddings([4, 4], seed=1))
    cosines = COMPARED["cosine"](given.embeddings, given.classes)
    for i, label in enumerate(given.target.tolist()):
        logits = [8 * (float(cosines[i, c]) - 0.3 * (c == label)) for c in range(2)]
        expected = -logits[label] + math.log(sum(map(math.exp, logits)))
        assert float(CrossEntropy(COMPARED, temperature=8.0, margin=0.3).of_batch(given)[i]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "loss",
    [CrossEntropy(), CrossEntropy(COMPARED["cosine"], margin=0.2), SquaredError(), Composition(), CrossEntropy(COMPARED["one_to_one"])],
)
def test_called_with_tensors_it_is_the_mean_of_a_recipes_term(loss: ByClassWeights) -> None:
    given = embedded(classes=embeddings([4, 4], seed=1))
    ours = torch.testing.assert_close
    ours(loss(given.embeddings, given.target.tolist(), given.classes), loss.of_batch(given).mean())
    if loss.class_weight_similarities()[0].reads == "vector":
        ours(loss(given.embeddings.vector, given.target, given.classes.vector), loss.of_batch(given).mean())


def test_prototypical_of_tensors_compares_with_class_means() -> None:
    support, queries, labels = torch.randn(6, 5), torch.randn(4, 5), torch.tensor([7, 2, 7, 2, 2, 7])
    means = torch.stack([support[labels == label].mean(0) for label in (2, 7)])
    expected = torch.nn.functional.cross_entropy(-torch.cdist(queries, means).square(), torch.tensor([1, 0, 0, 1]))
    loss = Prototypical(SIMILARITIES["l2"]())
    torch.testing.assert_close(loss(support, labels, queries, [7, 2, 2, 7]), expected)
    matrices = Prototypical(SIMILARITIES["one_to_one"]())
    assert float(matrices(support[:, None], labels, queries[:, None], [7, 2, 2, 7])) > 0


def test_exactly_one_classification_loss_is_required() -> None:
    with pytest.raises(Problem, match=r"exactly one of the tables loss.cross_entropy"):
        Losses({"contrastive": Contrastive(COMPARED)})
    with pytest.raises(Problem, match="Did you mean 'cka'"):
        CrossEntropy(COMPARED, weights={"ck": 1.0})


# -- virtual prototypes -----------------------------------------------------------------------------------


def base_view(n: int = 80) -> TrainingView:
    rows = problem(n)
    return TrainingView(rows, rows.some(np.arange(0)), rows.some(np.arange(0)), np.arange(4))


def fact(*names: str, device: str = "cpu") -> FACT:
    """A FACT method after three epochs."""
    torch.manual_seed(0)
    body = embedder(Conv4(FORM, channels=8)).to(device)
    method = FACT(components(body, trainer(MemoryStore(), RecordingObserver(), epochs=3, batch=20), *names), virtual=6, weight=0.1)
    method.learn(base_view())
    return method


def test_the_virtual_loss_by_hand() -> None:
    """By hand, on one batch, with the rng's partners and mixing coefficients."""
    torch.manual_seed(0)
    rows, body = problem(8), embedder(Conv4(FORM, channels=8))
    body.eval()
    cross_entropy = CrossEntropy({"cosine": COMPARED["cosine"]})
    method = FACT(components(body, trainer(MemoryStore(), RecordingObserver())), virtual=5, weight=0.5, serves=2)
    learner = ClassLearner(body, rows, np.arange(4), cross_entropy)
    virtual = method.virtual_loss(base_view())
    batch, rng = rows.batch(np.arange(8)), RowRNG(0, 0, rows.rows)
    given = EmbeddedBatch(body, batch, torch.from_numpy(rows.labels), rng, learner.class_weights)
    actual = virtual.of_batch(given)

    repeated = RowRNG(0, 0, rows.rows)
    partner = repeated.uniform().argsort()
    share = torch.sin(math.pi / 2 * repeated.uniform()).square()  # the quantiles of Beta(1/2, 1/2): the arcsine distribution
    z = body(batch).vector.detach()
    halves: list[torch.Tensor] = []
    hook = body.encoder.halfway[0].register_forward_hook(lambda _m, _i, h: halves.append(h))
    body(batch)
    hook.remove()
    h = share.float()[:, None, None, None] * halves[0] + (1 - share.float())[:, None, None, None] * halves[0][partner]
    encoder = cast(Conv4, body.encoder)
    for part in list(encoder.blocks)[2:]:
        h = part(h, torch.full((8,), 4))
    mixed = h.mean((2, 3)).detach()
    w, v = learner.class_weights.vector, virtual.rows.vector
    assert w is not None
    assert v is not None
    for i in range(8):
        real, reserved = (16 * torch.cosine_similarity(z[i, None], rows_) for rows_ in (w.detach(), v.detach()))
        allowed = [k for k in range(5) if assignment(4, 5, 2, method.components.trainer.seed)[rows.labels[i], k]]
        best = max(allowed, key=lambda k: float(reserved[k]))
        others = [float(real[k]) for k in range(4) if k != rows.labels[i]]
        reserve = -float(reserved[best]) + math.log(sum(math.exp(x) for x in [*others, *reserved.tolist()]))
        forecast = 0.0
        if rows.labels[i] != rows.labels[partner[i]]:
            real, reserved = (16 * torch.cosine_similarity(mixed[i, None], rows_) for rows_ in (w.detach(), v.detach()))
            best = int(reserved.argmax())
            both = [*real.tolist(), *reserved.tolist()]
            forecast = -float(reserved[best]) + math.log(sum(math.exp(x) for x in both))
            both.pop(4 + best)
            forecast += -float(real.max()) + math.log(sum(math.exp(x) for x in both))
        assert float(actual[i].detach()) == pytest.approx(0.5 * (reserve + forecast), abs=1e-4)


def test_virtual_prototypes_are_assigned_to_classes() -> None:
    allowed = assignment(30, 4, serves=3, seed=0)
    several = allowed.sum(1) < 4  # the others have none assigned, so they may use any
    assert allowed[several].sum(0).tolist() == [3] * 4
    assert allowed.any(1).all()


def stepped(times: int, between: Callable[[torch.nn.Module], object]) -> torch.nn.Module:
    """The module of FACT's base training after some steps of gradient descent; `between` is called after each."""
    torch.manual_seed(0)
    rows, body = problem(20), embedder(Conv4(FORM, channels=8))
    cross_entropy = CrossEntropy({"cosine": COMPARED["cosine"]})
    method = FACT(components(body, trainer(MemoryStore(), RecordingObserver())), virtual=6, weight=1.0)
    learner = ClassLearner(body, rows, np.arange(4), cross_entropy, [method.virtual_loss(base_view())])
    for number in range(times):
        learner.module.zero_grad()
        learner.training_step(whole_batch(rows, seed=0, epoch=number)).loss.mean().backward()
        with torch.no_grad():
            for parameter in learner.module.parameters():
                parameter -= 0.1 * parameter.grad  # type: ignore[operator]
        between(learner.module)
    return learner.module


def test_virtual_prototypes_share_no_memory() -> None:
    """Moving the module to other storage and back between steps, as to another device, changes nothing."""
    plain, moved = stepped(3, lambda module: module), stepped(3, lambda module: module.double().float())
    for (name, first), second in zip(plain.state_dict().items(), moved.state_dict().values(), strict=True):
        assert torch.equal(first, second), name
    tensors = [*plain.parameters(), *plain.buffers()]
    assert len({tensor.untyped_storage().data_ptr() for tensor in tensors}) == len(tensors)
    (virtual,) = [name for name in plain.state_dict() if name.startswith("losses.") and name.endswith("rows.vector")]
    assert not torch.equal(plain.state_dict()[virtual], stepped(0, lambda module: module).state_dict()[virtual]), "they are learned"


@pytest.mark.skipif(not (torch.cuda.is_available() or torch.backends.mps.is_available()), reason="there is no second device here")
def test_another_device_gives_the_same() -> None:
    other = fact(device="cuda" if torch.cuda.is_available() else "mps")
    for name, tensor in fact().tensors().items():
        assert torch.allclose(tensor, other.tensors()[name].cpu(), atol=1e-3), name


def test_scores_through_virtual_prototypes_by_hand() -> None:
    method = fact()
    rows = problem(12, seed=1)
    plain = torch.cat([references.scores(method.embedder, rows) for references in method.references["cosine"]], 1)
    z, v, p = method.vectors(rows), method.virtual.vector, method.references["cosine"][0].embeddings.vector
    assert v is not None
    method.top = 2
    actual = method.class_scores("cosine", rows)
    for i in range(12):
        near = torch.cosine_similarity(z[i, None], v)
        kept = torch.where(near >= near.sort().values[-2], near, 0.0)
        through = torch.stack(
            [sum((kept[k] * torch.cosine_similarity(v[k], prototype, 0) for k in range(6)), torch.tensor(0.0)) for prototype in p]
        )
        assert torch.allclose(actual[i], (0.1 * through.softmax(0) + 0.9 * (16 * plain[i]).softmax(0)).log(), atol=1e-5)


def test_rate_0_keeps_virtual_prototypes_orthogonal() -> None:
    torch.manual_seed(0)
    body = embedder(Conv4(FORM, channels=8))
    method = FACT(components(body, trainer(MemoryStore(), RecordingObserver(), epochs=2, batch=20, rates={"virtual": 0.0})), virtual=6)
    method.learn(base_view(40))
    assert method.virtual.vector is not None
    assert torch.allclose(method.virtual.vector @ method.virtual.vector.T, torch.eye(6), atol=1e-5)


def test_squared_error_is_the_mean_over_classes() -> None:
    actual, rows = embedded(), embeddings([5, 3, 6], seed=7)
    actual.classes = rows
    loss, cosine = SquaredError(COMPARED, temperature=2.0), COMPARED["cosine"]
    scores = 2 * cosine(actual.embeddings, rows)
    for i, label in enumerate(actual.target.tolist()):
        wanted = [1.0 if c == label else 0.0 for c in range(len(rows))]
        slow = sum((float(scores[i, c]) - wanted[c]) ** 2 for c in range(len(rows))) / len(rows)
        assert float(loss.of_batch(actual)[i]) == pytest.approx(slow, rel=1e-5)


def test_the_linear_readout_equals_that_of_torch() -> None:
    """With the same initial weights and data, our learner with `linear` and plain torch learn the same weights."""
    torch.manual_seed(0)
    body = embedder(MLP(FORM, hidden=[12, 8], rectified=True))
    train = problem(40)
    loss = CrossEntropy({"linear": SIMILARITIES["linear"]()}, temperature=1.0)
    learner = ClassLearner(body, train, np.arange(4), loss)
    assert learner.class_weights.vector is not None
    assert learner.class_weights.vector.shape == (4, 9)
    assert float(learner.class_weights.vector.detach().abs().max()) <= 8**-0.5
    plain = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(256, 12), torch.nn.ReLU(), torch.nn.Linear(12, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4)
    )
    with torch.no_grad():
        for first, second in zip(plain[:4].parameters(), body.encoder.parameters(), strict=True):
            first.copy_(second)
        plain[5].weight.copy_(learner.class_weights.vector[:, :-1])
        plain[5].bias.copy_(learner.class_weights.vector[:, -1])
    ours, theirs = (torch.optim.SGD(module.parameters(), lr=0.1) for module in (learner.module, plain))
    for number in range(5):
        rows = np.arange(number * 8, number * 8 + 8)
        batch = train.batch(rows)
        for optimizer, mean in (
            (ours, learner.training_step(whole_batch(train.some(rows), seed=0)).loss.mean()),
            (theirs, torch.nn.functional.cross_entropy(plain(torch.from_numpy(batch.values)), torch.from_numpy(train.labels[rows]))),
        ):
            optimizer.zero_grad()
            mean.backward()
            optimizer.step()
    torch.testing.assert_close(learner.class_weights.vector[:, :-1], plain[5].weight, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(learner.class_weights.vector[:, -1], plain[5].bias, atol=1e-6, rtol=1e-5)


def test_class_weights_with_a_bias_cannot_be_shared() -> None:
    both = {name: SIMILARITIES[name]() for name in ("linear", "cosine")}
    loss = CrossEntropy(both, weights={"linear": 1.0, "cosine": 1.0})
    with pytest.raises(Problem, match="class weights of the similarity linear have a bias"):
        ClassLearner(embedder(MLP(FORM, hidden=[8])), problem(8), np.arange(4), loss)


def test_virtual_prototypes_have_no_bias() -> None:
    with pytest.raises(Problem, match="class weights of the similarity 'linear' have a bias"):
        FACT(components(embedder(MLP(FORM, hidden=[8])), trainer(MemoryStore(), RecordingObserver()), "linear"))


@pytest.mark.parametrize("shape", [(5,), (3, 5)])
def test_imprinted_weights_are_the_scaled_class_means(shape: tuple[int, ...]) -> None:
    x, labels = torch.randn(9, *shape, generator=torch.Generator().manual_seed(0)), torch.arange(9) % 3
    for label, weights in enumerate(imprinted(x, labels, 3)):
        mean = sum(x[i] for i in range(9) if labels[i] == label) / 3
        torch.testing.assert_close(weights, mean / (mean**2).mean() ** 0.5)
    with pytest.raises(Problem, match="Class 3 has no embedding"):
        imprinted(x, labels, 4)


def test_a_classifier_begins_with_the_class_means_of_its_embedder() -> None:
    """Vectors and matrices, in the order of the given classes; without `imprint` they are random."""
    rows, classes, body = problem(), np.array([3, 1, 0, 2]), embedder(Conv4(FORM, channels=8))
    similarities = {name: SIMILARITIES[name]() for name in ("cosine", "one_to_one")}
    loss = CrossEntropy(similarities, weights={"cosine": 1.0, "one_to_one": 1.0}, imprint=True)
    weights = ClassLearner(body, rows, classes, loss).class_weights.embeddings()
    found = body.embeddings(rows)
    for place, label in enumerate(classes):
        own = torch.from_numpy(rows.labels == label)
        assert torch.cosine_similarity(weights.vector[place], found.vector[own].mean(0), dim=0) > 0.9999
        assert torch.cosine_similarity(weights.matrix[place].flatten(), found.matrix[own].mean(0).flatten(), dim=0) > 0.9999
    random = ClassLearner(body, rows, classes, CrossEntropy(similarities)).class_weights.embeddings().vector
    assert torch.cosine_similarity(random, weights.vector).max() < 0.9


def test_weights_with_a_bias_are_not_imprinted() -> None:
    with pytest.raises(Problem, match=r"imprint needs class weights without a bias"):
        CrossEntropy(SIMILARITIES["linear"](), imprint=True)
