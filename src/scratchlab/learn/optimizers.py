"""The optimisers a recipe can name in [optimizer]; their rates come from [training], by parameter group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import torch
from pydantic import Field

Groups = list[dict[str, Any]]
Share = Annotated[float, Field(ge=0, lt=1)]


def sgd(
    groups: Groups,
    *,
    momentum: Annotated[float, Field(ge=0, lt=1, description="share of the last step that is kept")] = 0.9,
    nesterov: Annotated[bool, Field(description="look ahead along the momentum")] = True,
    weight_decay: Annotated[float, Field(ge=0, description="pull of every weight towards zero")] = 5e-4,
) -> torch.optim.Optimizer:
    """Stochastic gradient descent; Nesterov momentum after Sutskever et al. (2013)."""
    return torch.optim.SGD(groups, momentum=momentum, nesterov=nesterov and momentum > 0, weight_decay=weight_decay)


def adamw(
    groups: Groups,
    *,
    betas: Annotated[tuple[Share, Share], Field(description="memory of the mean and of the square of the gradient")] = (0.9, 0.999),
    weight_decay: Annotated[float, Field(ge=0, description="pull of every weight towards zero")] = 0.01,
) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay: Loshchilov & Hutter (2019), arXiv 1711.05101."""
    return torch.optim.AdamW(groups, betas=betas, weight_decay=weight_decay)


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": adamw,
    "sgd": sgd,
}
