"""The optimisers that a recipe can name in [optimizer]; learning rates are set in [training], by parameter group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import torch
from pydantic import Field

Groups = list[dict[str, Any]]
Fraction = Annotated[float, Field(ge=0, lt=1)]


def sgd(
    groups: Groups,
    *,
    momentum: Annotated[float, Field(ge=0, lt=1, description="momentum coefficient")] = 0.9,
    nesterov: Annotated[bool, Field(description="Nesterov momentum")] = True,
    weight_decay: Annotated[float, Field(ge=0, description="coefficient of weight decay")] = 5e-4,
) -> torch.optim.Optimizer:
    """Stochastic gradient descent; Nesterov momentum after Sutskever et al. (2013)."""
    return torch.optim.SGD(groups, momentum=momentum, nesterov=nesterov and momentum > 0, weight_decay=weight_decay)


def adamw(
    groups: Groups,
    *,
    betas: Annotated[
        tuple[Fraction, Fraction], Field(description="decay rates of the running averages of gradient and squared gradient")
    ] = (0.9, 0.999),
    weight_decay: Annotated[float, Field(ge=0, description="coefficient of weight decay")] = 0.01,
) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay: Loshchilov & Hutter (2019), arXiv 1711.05101."""
    return torch.optim.AdamW(groups, betas=betas, weight_decay=weight_decay)


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": adamw,
    "sgd": sgd,
}
