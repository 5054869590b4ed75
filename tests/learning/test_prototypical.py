"""Prototypical training: the loss by hand, validation by episodes of unseen classes, and resuming."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scratchlab.checks import Problem
from scratchlab.data.samplers.episodes import Episodes, validation_episodes
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.losses.catalog import LOSSES, Losses
from scratchlab.learn.losses.cross_entropy import CrossEntropy
from scratchlab.learn.losses.prototypical import Prototypical
from scratchlab.learn.methods.catalog import METHODS
from scratchlab.learn.methods.prototypes import Prototypes
from scratchlab.learn.phases import Phase, PhaseKind
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.encoders.mlp import MLP
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.types import LabelledInputs, TrainingView
from tests.learning.conftest import FORM, MemoryStore, RecordingObserver, components, embedder, problem, trainer, whole_batch

SAMPLER = Episodes(0, way=2, shot=2, query=3, episodes=8)
PHASE = Phase("", 1, PhaseKind())


def part(classes: list[int], rows: LabelledInputs) -> LabelledInputs:
    return rows.some(np.isin(rows.labels, classes))


def learner(name: str = "l2", seed: int = 0) -> ClassLearner:
    torch.manual_seed(seed)
    similarity = SIMILARITIES[name]()
    encoder = MLP(FORM, hidden=[32, 16]) if similarity.reads == "vector" else Conv4(FORM, channels=8)
    train = part([0, 1, 2], problem())
    return ClassLearner(embedder(encoder), train, np.arange(3), Prototypical({name: similarity}, temperature=0.5))


def test_the_loss_by_hand() -> None:
    """Cross-entropy of the negated squared distances to the class means of the support; no loss for support rows."""
    model, train = learner(), part([0, 1, 2], problem())
    positions = SAMPLER.batches(train.labels, 3, 0)[0]
    batch = whole_batch(train, seed=3, positions=positions, episode=SAMPLER.episode)
    result = model.training_step(batch)
    vectors = model.embedder(batch.inputs).vector.view(2, 5, 16)
    means = vectors[:, :2].mean(1)
    for label in range(2):
        for place in range(5):
            actual, lowered = result.facts["loss"][5 * label + place], result.loss[5 * label + place]
            if place < 2:
                assert actual.isnan()
                assert lowered == 0
                continue
            distances = (vectors[label, place] - means).square().sum(1)
            expected = float(-(-0.5 * distances).log_softmax(0)[label].detach())
            assert float(actual) == pytest.approx(expected, rel=1e-4)
            assert float(lowered.detach()) == pytest.approx(expected * 5 / 3, rel=1e-4)
    assert float(result.loss.mean().detach()) == pytest.approx(float(result.facts["loss"].nanmean()), rel=1e-5)
    assert list(model.groups()) == ["body"], "no class weights are learned"


@pytest.mark.parametrize("name", ["l2", "cosine", "one_to_one", "cka"])
def test_gradients_reach_the_support(name: str) -> None:
    model, train = learner(name), part([0, 1, 2], problem())
    positions = SAMPLER.batches(train.labels, 3, 0)[0]
    embedded = model.embed(whole_batch(train, seed=3, positions=positions, episode=SAMPLER.episode), by_prototypes=True)
    embeddings = embedded.embeddings
    read = embeddings.vector if SIMILARITIES[name]().reads == "vector" else embeddings.matrix
    read.retain_grad()
    model.criterion.of_batch(embedded).sum().backward()
    assert read.grad is not None
    assert (read.grad.flatten(1).abs().sum(1) > 0).all()


def test_it_generalises_to_unseen_classes() -> None:
    watch = RecordingObserver()
    torch.manual_seed(0)
    training = trainer(MemoryStore(), watch, sampler=SAMPLER, epochs=6, rate=0.02)
    method = Prototypes(components(embedder(MLP(FORM, hidden=[32, 16])), training, "l2", loss="prototypical"))
    valid = problem(80, seed=1)
    valid = part([3, 5], LabelledInputs(valid.rows, valid._load, np.where(valid.labels == 2, 5, valid.labels), valid.ids))
    method.learn(TrainingView(part([0, 1, 2], problem()), valid, problem(0), np.arange(3)))
    assert list(method.score(valid)) == ["l2"], "no head of trained class weights"
    assert method.groups == ("body",)
    assert watch.records[-1]["valid_accuracy"] > 0.9
    assert watch.records[-1]["loss"] < watch.records[0]["loss"]


@pytest.mark.parametrize("criterion", [CrossEntropy, Prototypical])
def test_unknown_classes_are_validated_by_nearest_class_mean_in_episodes(criterion: type[CrossEntropy] | type[Prototypical]) -> None:
    """Both for a classifier and for a prototypical network; known classes are validated by class weights."""
    torch.manual_seed(0)
    cosine = SIMILARITIES["cosine"]()
    train, valid = part([0, 1], problem()), part([2, 3], problem(60, seed=1))
    model = ClassLearner(embedder(MLP(FORM, hidden=[32, 16])), train, np.arange(2), criterion({"cosine": cosine}, temperature=4.0))
    assert model.validates_by_episodes(valid.labels, PHASE)
    assert model.validates_by_episodes(train.labels, PHASE) == (criterion is Prototypical)
    (positions, *_), episode = validation_episodes(valid.labels, SAMPLER.episode, 0)
    batch = whole_batch(valid.some(positions), episode=episode)
    with torch.no_grad():
        loss, right = model.validation_step(batch)
        vectors = model.embedder(batch.inputs).vector
    places = np.arange(len(positions)).reshape(episode.way, -1)
    means = torch.stack([vectors[own[: episode.shot]].mean(0) for own in places])
    for label, own in enumerate(places):
        for place in own[episode.shot :]:
            scores = 4 * torch.cosine_similarity(vectors[place][None], means)
            assert float(loss[place]) == pytest.approx(-float(scores.log_softmax(0)[label]), abs=1e-5)
            assert bool(right[place]) == (int(scores.argmax()) == label)


def test_a_classifier_trains_with_validation_rows_of_other_classes() -> None:
    watch = RecordingObserver()
    torch.manual_seed(0)
    method = Prototypes(components(embedder(MLP(FORM, hidden=[32, 16])), trainer(MemoryStore(), watch, judged=30)))
    method.learn(TrainingView(part([0, 1, 2], problem()), part([2, 3], problem(60, seed=1)), problem(0), np.arange(3)))
    assert [list(record)[:4] for record in watch.records] == [["epoch", "loss", "train_accuracy", "valid_loss"]] * 4
    assert watch.records[-1]["train_accuracy"] == 1, "by class weights"
    assert watch.records[-1]["valid_accuracy"] > 0.8


@pytest.mark.parametrize("stop", [(0, 1), (1, 4), (3, 6)])
def test_resuming_within_an_epoch_of_episodes_is_bit_exact(stop: tuple[int, int]) -> None:
    def trained(store: MemoryStore, watch: RecordingObserver, seed: int) -> ClassLearner:
        model = learner(seed=seed)
        trainer(store, watch, sampler=SAMPLER, rate=0.02, judged=20).train(model, part([0, 1, 2], problem()), problem(40, seed=1))
        return model

    uninterrupted, interrupted, store = RecordingObserver(), RecordingObserver(stop), MemoryStore()
    whole = trained(MemoryStore(), uninterrupted, 0)
    with pytest.raises(InterruptedError):
        trained(store, interrupted, 0)
    interrupted.stop = None
    other = trained(store, interrupted, 99)
    assert interrupted.records == uninterrupted.records
    expected, actual = whole.module.state_dict(), other.module.state_dict()
    assert all(torch.equal(expected[name], actual[name]) for name in expected)


def test_settings_that_do_not_fit_raise_problems() -> None:
    similarities = {"cosine": SIMILARITIES["cosine"]()}
    with pytest.raises(Problem, match=r'loss.prototypical compares the queries of an episode.*set sampler.name = "episodes"'):
        components(embedder(MLP(FORM, hidden=[8])), trainer(MemoryStore(), RecordingObserver()), loss="prototypical")
    with pytest.raises(
        Problem, match=r"needs exactly one of the tables loss.cross_entropy, loss.squared_error and loss.prototypical.*has 2 of these"
    ):
        Losses({name: LOSSES[name](similarities) for name in ("prototypical", "cross_entropy")})
    parts = components(embedder(Conv4(FORM, channels=8)), trainer(MemoryStore(), RecordingObserver(), sampler=SAMPLER), loss="prototypical")
    for name in ("fact", "fill", "savc", "compositional", "co_teaching"):
        with pytest.raises(Problem, match=f"The method {name} needs class weights in training, but loss.prototypical learns none"):
            METHODS[name](parts, **({"tau": 0.1} if name == "co_teaching" else {}))
    with pytest.raises(Problem, match="Validation by episodes needs two classes or more with two rows each"):
        trainer(MemoryStore(), RecordingObserver(), sampler=SAMPLER).train(
            learner(), part([0, 1, 2], problem()), part([3], problem(40, seed=1))
        )
