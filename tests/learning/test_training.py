"""The training loop: learns, resumes bit for bit, selects on validation, and reports failures."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from scratchlab.checks import Diverged, Problem
from scratchlab.learn.optimizers import adamw, sgd
from scratchlab.types import LabelledInputs
from tests.learning.conftest import MemoryStore, RecordingObserver, learner, problem, trainer, whole_batch


def weights(model: Any) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.module.state_dict().items()}


def test_it_learns() -> None:
    watch = RecordingObserver()
    trainer(MemoryStore(), watch).train(learner(), problem(), problem(40, seed=1))
    assert watch.records[-1]["valid_accuracy"] > 0.95
    assert watch.records[-1]["loss"] < watch.records[0]["loss"]


@pytest.mark.parametrize("optimizer", [sgd, adamw])
@pytest.mark.parametrize("stop", [(0, 1), (1, 2), (3, 3)])
def test_resuming_is_bit_exact(optimizer: Callable[..., Any], stop: tuple[int, int]) -> None:
    """Bit for bit: weights, running statistics and all values of the records."""
    rate = 0.05 if optimizer is sgd else 0.003
    whole, uninterrupted = learner(), RecordingObserver()
    trainer(MemoryStore(), uninterrupted, optimizer, rate=rate).train(whole, problem(), problem(40, seed=1))

    store, interrupted = MemoryStore(), RecordingObserver(stop)
    with pytest.raises(InterruptedError):
        trainer(store, interrupted, optimizer, rate=rate).train(learner(), problem(), problem(40, seed=1))
    interrupted.stop = None
    other = learner(seed=99)  # a new process starts from other random weights
    trainer(store, interrupted, optimizer, rate=rate).train(other, problem(), problem(40, seed=1))
    assert interrupted.records == uninterrupted.records
    expected, actual = weights(whole), weights(other)
    assert all(torch.equal(expected[name], actual[name]) for name in expected)


def test_the_interval_of_checkpoints_does_not_influence_training() -> None:
    frequent, rare = learner(), learner()
    trainer(MemoryStore(), RecordingObserver()).train(frequent, problem(), problem(40, seed=1))
    store = MemoryStore()
    trainer(store, RecordingObserver(), checkpoint_seconds=1e6).train(rare, problem(), problem(40, seed=1))
    assert store.saves == 1
    assert all(torch.equal(a, b) for a, b in zip(weights(frequent).values(), weights(rare).values(), strict=True))


def test_training_in_bfloat16() -> None:
    """Operations in bfloat16, weights in float32."""
    watch, model = RecordingObserver(), learner()
    trainer(MemoryStore(), watch, precision="bfloat16").train(model, problem(), problem(40, seed=1))
    assert watch.records[-1]["valid_accuracy"] > 0.9
    assert all(tensor.dtype != torch.bfloat16 for tensor in weights(model).values())


@pytest.mark.parametrize("select", ["loss", "accuracy"])
def test_validation_selects_the_epoch(select: str) -> None:
    """The final weights are those of the best validation epoch."""
    watch, chosen, valid = RecordingObserver(), learner(), problem(40, seed=1)
    trainer(MemoryStore(), watch, epochs=6, select=select).train(chosen, problem(), valid)
    by = {"loss": lambda record: -record["valid_loss"], "accuracy": lambda record: (record["valid_accuracy"], -record["valid_loss"])}
    best = max(watch.records, key=by[select])
    assert [record for record in watch.records if record["kept"]][-1] == best
    with torch.no_grad():
        losses, _ = chosen.validation_step(whole_batch(valid))
    assert float(losses.mean()) == pytest.approx(best["valid_loss"], rel=1e-5)


def test_evaluating_training_inputs_does_not_influence_training() -> None:
    plain, watch, judged, rows = learner("conv4"), RecordingObserver(), learner("conv4"), problem()
    trainer(MemoryStore(), RecordingObserver(), select="last").train(plain, rows, problem(0))
    trainer(MemoryStore(), watch, select="last", judged=50).train(judged, rows, problem(0))
    assert all(torch.equal(first, second) for first, second in zip(weights(plain).values(), weights(judged).values(), strict=True))
    some = rows.some(np.unique(np.linspace(0, len(rows) - 1, 50).astype(int)))
    with torch.no_grad():
        _, right = judged.validation_step(whole_batch(some))
    assert watch.records[-1]["train_accuracy"] == pytest.approx(float(right.double().mean()))
    assert len({record["train_accuracy"] for record in watch.records}) > 1


def test_a_frozen_group_keeps_weights_and_running_statistics() -> None:
    """Weights and running statistics of a frozen body are unchanged, although it contains batch normalisation."""
    frozen = learner("conv4")
    before = weights(frozen)
    trainer(MemoryStore(), RecordingObserver(), rates={"body": 0.0}, select="last").train(frozen, problem(), problem(40, seed=1))
    after = weights(frozen)
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("body"))
    with pytest.raises(Problem, match="Every rate is 0"):
        trainer(MemoryStore(), RecordingObserver(), rates={"body": 0.0, "readout": 0.0}).train(learner(), problem(), problem(40, seed=1))


def test_weights_ruined_by_the_last_step_are_reported() -> None:
    """The last step makes weights infinite after its loss was computed, and no further step would notice."""

    class Ruin(torch.optim.SGD):
        def step(self, closure: Any = None) -> None:
            with torch.no_grad():
                self.param_groups[0]["params"][0].fill_(float("inf"))

    with pytest.raises(Diverged, match=r"After epoch 1 the weights .* are not finite"):
        trainer(MemoryStore(), RecordingObserver(), Ruin, batch=120).train(learner("mlp"), problem(), problem(0))


def test_a_requested_stop_saves_a_checkpoint_and_resuming_is_bit_exact() -> None:
    whole, uninterrupted = learner(), RecordingObserver()
    trainer(MemoryStore(), uninterrupted).train(whole, problem(), problem(40, seed=1))

    class Asks(RecordingObserver):
        def step(self, epoch: int, step: int, loss: float) -> None:
            if (epoch, step) == (1, 1):
                os.kill(os.getpid(), signal.SIGTERM)

    store, watch = MemoryStore(), Asks()
    with pytest.raises(KeyboardInterrupt):
        trainer(store, watch, checkpoint_seconds=1e6).train(learner(), problem(), problem(40, seed=1))
    assert store.saves == 1
    other, rest = learner(seed=99), RecordingObserver()
    rest.records = watch.records
    trainer(store, rest, checkpoint_seconds=1e6).train(other, problem(), problem(40, seed=1))
    assert rest.records == uninterrupted.records
    assert all(torch.equal(a, b) for a, b in zip(weights(whole).values(), weights(other).values(), strict=True))


def test_a_stop_requested_after_the_last_step_is_not_lost() -> None:
    class Asks(RecordingObserver):
        def epoch(self, record: dict[str, Any]) -> None:
            if record["epoch"] == 3:
                os.kill(os.getpid(), signal.SIGTERM)

    store = MemoryStore()
    with pytest.raises(KeyboardInterrupt):
        trainer(store, Asks()).train(learner(), problem(), problem(40, seed=1))
    assert store.checkpoint is not None
    assert store.checkpoint[1]["epoch"] == 4


@pytest.mark.parametrize("without", [{"select": "last"}, {}])
def test_the_last_epoch_is_kept_by_setting_or_without_validation(without: dict[str, str]) -> None:
    watch, model = RecordingObserver(), learner()
    store = MemoryStore()
    trainer(store, watch, **without).train(model, problem(), problem(40, seed=1) if without else problem(0))
    assert all(record["kept"] for record in watch.records)
    now = (store.checkpoint or ({}, {}))[0]
    assert all(np.array_equal(now[f"now/{name}"], tensor.numpy()) for name, tensor in weights(model).items())


def test_rates_by_parameter_group() -> None:
    """A frozen body is unchanged bit for bit; an unknown group raises a problem that lists the groups."""
    frozen = learner("mlp")
    before = weights(frozen)
    trainer(MemoryStore(), RecordingObserver(), rates={"body": 0.0}).train(frozen, problem(), problem(40, seed=1))
    after = weights(frozen)
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("body"))
    assert any(not torch.equal(before[name], after[name]) for name in before if name.startswith("class_weights"))
    with pytest.raises(
        Problem, match=r"training.rates.raedout has no effect: the parameter groups are body, readout. Did you mean 'readout'"
    ):
        trainer(MemoryStore(), RecordingObserver(), rates={"raedout": 0.1}).train(learner(), problem(), problem(40, seed=1))


def test_recorded_rates_follow_the_schedule() -> None:
    watch = RecordingObserver()
    trainer(MemoryStore(), watch, rates={"readout": 0.1, "body": 0.01}).train(learner(), problem(), problem(40, seed=1))
    for record in watch.records:
        assert record["rates"]["readout"] == pytest.approx(10 * record["rates"]["body"])
    assert watch.records[0]["rates"]["readout"] == pytest.approx(0.05)  # the middle of the warm-up


def with_value(value: float) -> LabelledInputs:
    whole = problem()
    whole.batch(np.array([7])).values[0, 0, 0, 0] = value  # a copy: the original is unchanged
    loads = whole._load

    def load(rows: np.ndarray) -> Any:
        batch = loads(rows)
        batch.values[rows == 7, 0, 0, 0] = value
        return batch

    return LabelledInputs(whole.rows, load, whole.labels, whole.ids)


def test_a_sample_with_nan_is_reported() -> None:
    with pytest.raises(Problem, match=r"not finite in epoch 1.*the input of bar7 holds values that are not finite"):
        trainer(MemoryStore(), RecordingObserver()).train(learner(), with_value(float("nan")), problem(40, seed=1))


def test_a_too_large_learning_rate_is_reported() -> None:
    with pytest.raises(Problem, match=r"not finite in epoch \d+, step \d+ .*rates: body [\d.e+]+, readout .*lower the rates"):
        trainer(MemoryStore(), RecordingObserver(), rate=1e30).train(learner("mlp"), problem(), problem(40, seed=1))


def test_clipping_bounds_the_step() -> None:
    """With plain SGD, without momentum and weight decay, a step changes the weights by at most rate × clipped norm."""
    model = learner("mlp")
    before = weights(model)
    plain = lambda groups: torch.optim.SGD(groups)  # noqa: E731
    trainer(MemoryStore(), RecordingObserver(), plain, epochs=2, batch=120, clip=0.01, rate=1.0).train(model, problem(), problem(0))
    moved = torch.sqrt(sum(((after - before[name]) ** 2).sum() for name, after in weights(model).items()))
    assert 0 < float(moved) <= 0.01 * 2 + 1e-6
