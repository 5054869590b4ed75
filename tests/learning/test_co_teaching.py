"""Co-teaching: which rows are selected by which network, the selected fraction, and empty selections."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scratchlab.learn.learner import StepResult
from scratchlab.learn.methods.co_teaching import CoTeaching, CoTeachingLearner, mask_of_smallest
from scratchlab.learn.phases import Phase, PhaseKind
from scratchlab.models.encoders.mlp import MLP
from scratchlab.types import LabelledInputs, TrainingView
from tests.learning.conftest import FORM, MemoryStore, RecordingObserver, components, embedder, problem, trainer, whole_batch

WARM_UP, CO_TEACHING = Phase("warm-up", 2, PhaseKind()), Phase("co-teaching", 8, PhaseKind(), first=2)


def with_wrong_labels(share: float) -> tuple[LabelledInputs, np.ndarray]:
    """Training rows of which this fraction has the label of the next class, and which rows those are."""
    rows = problem(200)
    wrong = np.random.default_rng(0).random(200) < share
    return LabelledInputs(rows.rows, rows._load, np.where(wrong, (rows.labels + 1) % 4, rows.labels), rows.ids), wrong


def method(watch: RecordingObserver | None = None, **settings: float) -> CoTeaching:
    torch.manual_seed(0)
    training = trainer(MemoryStore(), watch or RecordingObserver(), epochs=8, rate=0.02)
    return CoTeaching(components(embedder(MLP(FORM, hidden=[32, 16])), training), **{"tau": 0.4, "ramp": 4, **settings})  # type: ignore[arg-type]


def learner(**settings: float) -> CoTeachingLearner:
    return method(**settings).co_teaching_learner(TrainingView(problem(), problem(0), problem(0), np.arange(4)))


def test_the_selected_fraction_falls_over_the_phase() -> None:
    model = learner()
    assert [model.kept_fraction(epoch, CO_TEACHING) for epoch in range(2, 8)] == pytest.approx([1.0, 0.9, 0.8, 0.7, 0.6, 0.6])
    assert model.kept_fraction(1, WARM_UP) == 1


def test_each_network_is_trained_on_rows_with_small_losses_in_the_other() -> None:
    """By hand: the loss of a network counts for rows whose loss in the other network is among the smallest."""
    model, rows = learner(), problem(20)
    batch = whole_batch(rows, seed=3, epoch=6, phase=CO_TEACHING)
    result = model.training_step(batch)
    with torch.no_grad():
        first, second = (network.training_step(batch).loss for network in model.networks)
    easy_for_second = set(np.argsort(second.numpy())[:12].tolist())
    easy_for_first = set(np.argsort(first.numpy())[:12].tolist())
    assert easy_for_first != easy_for_second
    assert set(result.facts["selected"].nonzero()[:, 0].tolist()) == easy_for_second
    assert torch.equal(result.facts["loss"].detach(), first)
    for i in range(20):
        expected = (float(first[i]) * (i in easy_for_second) + float(second[i]) * (i in easy_for_first)) * 20 / 12
        assert float(result.loss[i].detach()) == pytest.approx(expected, rel=1e-5)
    mean_of_selected = sum(float(first[i]) for i in easy_for_second) / 12 + sum(float(second[i]) for i in easy_for_first) / 12
    assert float(result.loss.mean().detach()) == pytest.approx(mean_of_selected, rel=1e-5)


def test_equal_losses_are_selected_in_their_order() -> None:
    assert mask_of_smallest(torch.ones(4, 2), 3).tolist() == [[1, 1], [1, 1], [1, 1], [0, 0]]


def test_both_networks_see_the_same_augmentation() -> None:
    batch = whole_batch(problem(5), seed=1)
    first, second = batch.rng(), batch.rng()
    assert first is not None
    assert second is not None
    assert torch.equal(first.uniform(), second.uniform())


def test_empty_selections_have_zero_loss_and_are_counted() -> None:
    model = learner(tau=0.99, ramp=1)
    result: StepResult = model.training_step(whole_batch(problem(20), seed=3, epoch=9, phase=CO_TEACHING))
    assert result.loss.tolist() == [0.0] * 20
    assert result.counts == {"empty_selections": 1}
    result.loss.sum().backward()
    watch = RecordingObserver()
    method(watch, tau=0.99, ramp=1).learn(TrainingView(problem(), problem(40, seed=1), problem(0), np.arange(4)))
    assert [record["empty_selections"] for record in watch.records] == [0] + [5] * 7
    assert all(np.isfinite(record["loss"]) for record in watch.records)
    assert watch.records[1]["loss"] == 0


def test_wrongly_labelled_rows_are_left_out() -> None:
    """With 40 % wrong labels, nearly all finally selected rows are correctly labelled, and the network learns."""
    rows, wrong = with_wrong_labels(0.4)
    model = method(watch := RecordingObserver(), tau=0.4)

    class Notes:
        """A ledger in memory."""

        def begin(self, ids: object, epoch: int, unfinished: object) -> None:
            self.selected = np.full(len(wrong), np.nan)

        def record(self, positions: np.ndarray, facts: dict[str, np.ndarray]) -> None:
            self.selected[positions] = facts["selected"]

        def unfinished(self) -> dict[str, object]:
            return {}

        def epoch(self, epoch: int, phase: str) -> None:
            assert phase == ""

    model.components.trainer.ledger = notes = Notes()  # type: ignore[assignment]
    model.learn(TrainingView(rows, problem(40, seed=1), problem(0), np.arange(4)))
    assert np.isnan(notes.selected).sum() == 0
    assert wrong[notes.selected == 1].mean() < 0.05 < 0.3 < wrong.mean()
    assert watch.records[-1]["valid_accuracy"] > 0.95, "validation labels are correct"


def test_both_networks_have_parameter_groups_and_are_stored() -> None:
    model = method()
    assert model.groups == ("network0.body", "network0.readout", "network1.body", "network1.readout")
    assert list(model.co_teaching_learner(TrainingView(problem(), problem(0), problem(0), np.arange(4))).groups()) == list(model.groups)
    model.learn(TrainingView(problem(), problem(40, seed=1), problem(0), np.arange(4)))
    kept = model.tensors()
    assert {name.partition(".")[0] for name in kept} == {"embedder", "network1", "references", "classes"}
    assert not torch.equal(kept["embedder.encoder.layers.0.weight"], kept["network1.encoder.layers.0.weight"])
