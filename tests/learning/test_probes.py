"""Readings while the trainer trains, within epochs too: where they stand, and that an interruption costs none and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from scratchlab.observe.of_training import KernelsOfTraining
from tests.learning.conftest import Kept, Watch, learner, problem, trainer

STEPS = 5  # of an epoch


def trained(memory: Kept, watch: Watch, **settings: Any) -> dict[str, torch.Tensor]:
    """The weights after three epochs, read as the settings say, if they say anything."""
    one, made = learner("mlp"), trainer(memory, watch, epochs=3)
    if settings:
        made.probes = {"kernels": KernelsOfTraining(one.embedder, inputs=16, **settings)}
    made.train(one, problem(), problem(40, seed=1))
    return {name: tensor.clone() for name, tensor in one.module.state_dict().items()}


def places(watch: Watch) -> list[list[tuple[float, int]]]:
    """Epochs and steps done at each reading, record by record."""
    return [list(dict.fromkeys((row["epoch"], row["step"]) for row in record["kernels"])) for record in watch.records]


def test_readings_are_before_the_first_step_after_epochs_and_between() -> None:
    watch, seldom = Watch(), Watch()
    trained(Kept(), watch, steps=2)
    assert places(watch) == [
        [(0, 0), (2 / 5, 2), (4 / 5, 4), (1, 5)],
        [(1 + 1 / 5, 6), (1 + 3 / 5, 8), (2, 10)],
        [(2 + 2 / 5, 12), (2 + 4 / 5, 14), (3, 15)],
    ]
    trained(Kept(), seldom, every=2, steps=STEPS * 3)
    assert places(seldom) == [[(0, 0)], [(2, 10)], [(3, 15)]]


@pytest.mark.parametrize("stop", [(0, 0), (0, 3), (1, 2), (2, 4)])
def test_an_interrupted_training_has_the_readings_of_an_uninterrupted_one(stop: tuple[int, int]) -> None:
    seen, broken, memory = Watch(), Watch(stop), Kept()
    whole, plain = trained(Kept(), seen, steps=1), trained(Kept(), Watch())
    with pytest.raises(InterruptedError):
        trained(memory, broken, steps=1)
    broken.stop = None
    found = trained(memory, broken, steps=1)
    assert broken.records == seen.records
    assert all(torch.equal(whole[name], plain[name]) and torch.equal(whole[name], found[name]) for name in whole)


def test_a_checkpoint_holds_readings_only_of_the_epoch_that_is_not_over() -> None:
    memory = Kept()
    trained(memory, Watch())
    assert memory.held is not None
    assert "readings" not in memory.held[0]
    with pytest.raises(InterruptedError):
        trained(memory := Kept(), Watch((1, 2)), steps=2)
    assert memory.held is not None
    assert bytes(memory.held[0]["readings"]).count(b'"step": 6') > 0
    assert b'"step": 4' not in bytes(memory.held[0]["readings"])
