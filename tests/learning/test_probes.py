"""Readings during training, also within epochs: when they are taken, and that resuming loses none and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from scratchlab.observe.training_kernels import TrainingKernels
from tests.learning.conftest import MemoryStore, RecordingObserver, learner, problem, trainer

STEPS = 5  # of an epoch


def trained(store: MemoryStore, watch: RecordingObserver, **settings: Any) -> dict[str, torch.Tensor]:
    """The weights after three epochs, with readings according to the settings, if there are any."""
    model, training = learner("mlp"), trainer(store, watch, epochs=3)
    if settings:
        training.probes = {"kernels": TrainingKernels(model.embedder, inputs=16, **settings)}
    training.train(model, problem(), problem(40, seed=1))
    return {name: tensor.clone() for name, tensor in model.module.state_dict().items()}


def places(watch: RecordingObserver) -> list[list[tuple[float, int]]]:
    """Completed epochs and steps at each reading, by record."""
    return [list(dict.fromkeys((row["epoch"], row["step"]) for row in record["kernels"])) for record in watch.records]


def test_readings_before_training_after_epochs_and_within_epochs() -> None:
    watch, seldom = RecordingObserver(), RecordingObserver()
    trained(MemoryStore(), watch, steps=2)
    assert places(watch) == [
        [(0, 0), (2 / 5, 2), (4 / 5, 4), (1, 5)],
        [(1 + 1 / 5, 6), (1 + 3 / 5, 8), (2, 10)],
        [(2 + 2 / 5, 12), (2 + 4 / 5, 14), (3, 15)],
    ]
    trained(MemoryStore(), seldom, every=2, steps=STEPS * 3)
    assert places(seldom) == [[(0, 0)], [(2, 10)], [(3, 15)]]


@pytest.mark.parametrize("stop", [(0, 0), (0, 3), (1, 2), (2, 4)])
def test_a_resumed_training_has_the_same_readings(stop: tuple[int, int]) -> None:
    uninterrupted, interrupted, store = RecordingObserver(), RecordingObserver(stop), MemoryStore()
    whole, plain = trained(MemoryStore(), uninterrupted, steps=1), trained(MemoryStore(), RecordingObserver())
    with pytest.raises(InterruptedError):
        trained(store, interrupted, steps=1)
    interrupted.stop = None
    actual = trained(store, interrupted, steps=1)
    assert interrupted.records == uninterrupted.records
    assert all(torch.equal(whole[name], plain[name]) and torch.equal(whole[name], actual[name]) for name in whole)


def test_a_checkpoint_holds_only_readings_of_the_unfinished_epoch() -> None:
    store = MemoryStore()
    trained(store, RecordingObserver())
    assert store.checkpoint is not None
    assert "readings" not in store.checkpoint[0]
    with pytest.raises(InterruptedError):
        trained(store := MemoryStore(), RecordingObserver((1, 2)), steps=2)
    assert store.checkpoint is not None
    assert bytes(store.checkpoint[0]["readings"]).count(b'"step": 6') > 0
    assert b'"step": 4' not in bytes(store.checkpoint[0]["readings"])
