"""Features of one layer, made ready for kernels: centred over the inputs, of a size that no square overflows, or undefined with a reason.

Centred first, always: in single precision the products of features with a common offset hold little but the offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from scratchlab.checks import Problem, counted, listing

CHUNK = 1 << 22  # numbers turned to double precision at once
EPS = torch.finfo(torch.float32).eps


@dataclass(frozen=True)
class Layer:
    """Features `[n, d]` in single precision, their mean over inputs 0 and their largest value 1; `reason` says why they are undefined.

    norms: `[n]` double precision, the squared length of each input. scale: what the features were divided by.
    """

    name: str
    values: Tensor
    norms: Tensor
    scale: float
    reason: str = ""

    @property
    def n(self) -> int:
        """Inputs."""
        return self.values.shape[0]

    @property
    def d(self) -> int:
        """Features of an input."""
        return self.values.shape[1]


def layer(name: str, features: Tensor, scale: float | None = None) -> Layer:
    """Features `[n, ...]` of any shape beyond the first axis, all of which counts as one vector an input; the given tensor is not changed.

    scale: what to divide by, where several batches of a layer must be on one scale; the largest value of these, if it is not given.
    Raises Problem for less than two inputs.
    """
    values = features.detach().flatten(1).float()
    if len(values) < 2:
        raise Problem(f"A kernel compares inputs with each other, but the layer {name} was given {counted(len(values), 'input')}.")
    mean = _mean(values)
    if not mean.isfinite().all():
        return _undefined(name, values, _not_finite(values))
    values = values - mean.float()
    values = values - _mean(values).float()  # a mean of a thousand is known to 1e-4 in single precision; what is left, to 1e-11
    largest = float(values.abs().amax()) if values.numel() else 0.0
    offset = float(mean.abs().amax()) if values.numel() else 0.0
    if largest <= 8 * EPS * offset or largest == 0:
        return _undefined(name, values, "it is 0 for all inputs" if offset == 0 else "it is the same for all inputs")
    size = scale or largest
    values = values / size
    return Layer(name, values, _norms(values), size)


def _undefined(name: str, values: Tensor, why: str) -> Layer:
    nothing = torch.zeros_like(values)
    return Layer(name, nothing, nothing.new_zeros(len(nothing), dtype=torch.float64), 1.0, f"layer {name} cannot be compared: {why}")


def _not_finite(values: Tensor) -> str:
    bad = np.flatnonzero((~values.isfinite()).any(1).cpu().numpy())
    if not len(bad):
        return "its mean overflows single precision"
    return f"values of {counted(len(bad), 'input')} of {len(values)} are not finite: {listing(bad.astype(str), 3)}"


def _rows(values: Tensor) -> list[Tensor]:
    return list(cast("tuple[Tensor, ...]", values.split(max(1, CHUNK // max(1, values.shape[1])))))


def _mean(values: Tensor) -> Tensor:
    """`[d]` in double precision."""
    total = torch.stack([part.sum(0, dtype=torch.float64) for part in _rows(values)]).sum(0)
    return total / len(values)


def _norms(values: Tensor) -> Tensor:
    """`[n]` in double precision."""
    return torch.cat([part.double().square().sum(1) for part in _rows(values)])
