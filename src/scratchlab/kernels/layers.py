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


@dataclass(frozen=True)
class Layer:
    """Features `[n, d]` in single precision, their mean over inputs 0 and their largest value 1; `reason` says why they are undefined.

    norms: `[n]` double precision, the squared length of each input. scale: what the features were divided by. flat: whether the reason
    is that all inputs are the same.
    """

    name: str
    values: Tensor
    norms: Tensor
    scale: float
    reason: str = ""
    flat: bool = False

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
    if not features.ndim:
        raise Problem(f"Features are [n, ...], but the layer {name} was given a single number.")
    values = features.detach().reshape(len(features), -1)
    if len(values) < 2:
        raise Problem(f"A kernel compares inputs with each other, but the layer {name} was given {counted(len(values), 'input')}.")
    exact = values.dtype if values.dtype == torch.float64 else torch.float32
    values = values.to(exact)
    mean = _mean(values)
    if not mean.isfinite().all():
        return _undefined(name, values, _not_finite(values))
    values = values - mean.to(exact)
    values = values - _mean(values).to(exact)  # a mean of a thousand is known to 1e-4 in single precision; what is left, to 1e-11
    largest = values.abs().amax(0) if values.numel() else values.new_zeros(1)
    rounding = 8 * torch.finfo(exact).eps * mean.abs().to(exact) if values.numel() else largest
    values = values * (largest > rounding)  # what is left of a feature that is the same for all inputs is rounding
    size = float(largest.where(largest > rounding, 0).amax())
    if size == 0:
        return _undefined(name, values, "it is the same for all inputs" if mean.any() else "it is 0 for all inputs", flat=True)
    size = scale or size
    values = (values / size).float()
    return Layer(name, values, _norms(values), size)


def _undefined(name: str, values: Tensor, why: str, *, flat: bool = False) -> Layer:
    nothing = torch.zeros_like(values, dtype=torch.float32)
    norms = nothing.new_zeros(len(nothing), dtype=torch.float64)
    return Layer(name, nothing, norms, 1.0, f"layer {name} cannot be compared: {why}", flat)


def _not_finite(values: Tensor) -> str:
    bad = np.flatnonzero((~values.isfinite()).any(1).cpu().numpy())
    if not len(bad):
        return "its mean overflows"
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
