"""The learning-rate schedules that a recipe can name in [schedule]: the factor of all learning rates during training.

A schedule is a function of the position in epochs (3.5: the middle of the fourth), so it has no state to save.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from scratchlab.checks import Problem

Schedule = Callable[[float], float]
Warmup = Annotated[float, Field(ge=0, description="epochs of linear warm-up from 0")]


def _warmed(epochs: int, warmup: float, after: Schedule) -> Schedule:
    if warmup >= epochs:
        raise Problem(f"schedule.warmup = {warmup:g} does not fit: it must be shorter than training.epochs = {epochs}.")
    return lambda position: position / warmup if position < warmup else after(position)


def cosine(
    epochs: int,
    *,
    warmup: Warmup = 0.0,
    floor: Annotated[float, Field(ge=0, lt=1, description="final factor")] = 0.0,
) -> Schedule:
    """Cosine decay from 1 to `floor`: Loshchilov & Hutter (2017), arXiv 1608.03983, eq. 5, without restarts."""

    def factor(position: float) -> float:
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (position - warmup) / (epochs - warmup)))

    return _warmed(epochs, warmup, factor)


def step(
    epochs: int,
    *,
    milestones: Annotated[list[float], Field(description="epochs after which the rates are multiplied by gamma")],
    gamma: Annotated[float, Field(gt=0, lt=1, description="factor at each milestone")] = 0.1,
    warmup: Warmup = 0.0,
) -> Schedule:
    """Step decay: multiplied by `gamma` at each milestone, constant in between."""
    for milestone in milestones:
        if milestone >= epochs:
            raise Problem(f"schedule.milestones names epoch {milestone:g}, but training.epochs = {epochs}: it would have no effect.")
    return _warmed(epochs, warmup, lambda position: gamma ** sum(position >= milestone for milestone in milestones))


def constant(epochs: int, *, warmup: Warmup = 0.0) -> Schedule:
    """Constant learning rates, after warm-up."""
    return _warmed(epochs, warmup, lambda _: 1.0)


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "cosine": cosine,
    "step": step,
}
