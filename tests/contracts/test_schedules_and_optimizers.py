"""Every schedule is a finite factor in [0, 1]; every optimiser uses the rate of each parameter group and reduces the loss."""

from __future__ import annotations

import itertools

import pytest
import torch

from scratchlab.checks import Problem
from scratchlab.learn.optimizers import OPTIMIZERS
from scratchlab.learn.schedules import SCHEDULES

SETTINGS = {"step": {"milestones": [3.0, 7.0]}}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_a_factor(name: str) -> None:
    factor = SCHEDULES[name](10, warmup=2.0, **SETTINGS.get(name, {}))
    values = [factor(position / 10) for position in range(100)]
    assert all(0 <= value <= 1 for value in values)
    assert values[0] == 0
    assert values[10] == pytest.approx(0.5)
    assert values[20] == pytest.approx(1)
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(values[20:]))


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_warm_up_longer_than_the_training_raises_problem(name: str) -> None:
    with pytest.raises(Problem, match=r"must be shorter than training\.epochs"):
        SCHEDULES[name](10, warmup=10.0, **SETTINGS.get(name, {}))


def test_schedules_at_known_steps() -> None:
    assert SCHEDULES["cosine"](10)(5.0) == pytest.approx(0.5)
    assert SCHEDULES["cosine"](10, floor=0.1)(10.0) == pytest.approx(0.1)
    step = SCHEDULES["step"](10, milestones=[3.0, 7.0])
    assert [step(2.9), step(3.0), step(7.5)] == pytest.approx([1, 0.1, 0.01])
    with pytest.raises(Problem, match=r"names epoch 12, but training\.epochs = 10"):
        SCHEDULES["step"](10, milestones=[3.0, 12.0])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_reduces_the_loss_with_the_rate_of_each_group(name: str) -> None:
    fast, slow = torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(3))
    optimizer = OPTIMIZERS[name]([{"params": [fast], "lr": 0.1, "name": "fast"}, {"params": [slow], "lr": 0.001, "name": "slow"}])
    for _ in range(5):
        optimizer.zero_grad()
        (fast.square().sum() + slow.square().sum()).backward()
        optimizer.step()
    assert fast.abs().max() < slow.abs().max() < 1
