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

CHUNK = 1 << 18  # numbers worked on at once: all steps find them near, and nothing of the size of a layer is made but its values


@dataclass(frozen=True)
class Layer:
    """Features `[n, d]` in single precision, their mean over inputs 0, their largest value about 1; `reason` says why they are undefined.

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


def width(name: str, features: Tensor) -> int:
    """d of features `[n, ...]`, all axes but the first taken together. Raises Problem for a single number and for less than two inputs."""
    if not features.ndim:
        raise Problem(f"Features are [n, ...], but the layer {name} was given a single number.")
    if len(features) < 2:
        raise Problem(f"A kernel compares inputs with each other, but the layer {name} was given {counted(len(features), 'input')}.")
    return features.numel() // len(features)


def layer(name: str, features: Tensor) -> Layer:
    """Features `[n, ...]` of any shape beyond the first axis, all of which counts as one vector an input; the given tensor is not changed.

    Raises Problem as `width`.
    """
    values = features.detach().reshape(len(features), width(name, features))
    exact = values.dtype if values.dtype == torch.float64 else torch.float32
    values = values.to(exact)
    mean = _mean(values)
    if not mean.isfinite().all():
        return _undefined(name, values, _not_finite(values))
    centred, rest, largest = _less(values, mean)
    rounding = 8 * torch.finfo(exact).eps * mean.abs().to(exact)
    kept = largest > rounding  # what is left of a feature that is the same for all inputs is rounding
    size = float(largest[kept].max()) if kept.any() else 0.0
    if size == 0:
        return _undefined(name, values, "it is the same for all inputs" if mean.any() else "it is 0 for all inputs", flat=True)
    for part in _rows(centred):
        part.sub_(rest).div_(size)
        if not kept.all():
            part.mul_(kept)
    centred = centred.float()
    return Layer(name, centred, _norms(centred), size)


def _less(values: Tensor, mean: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Features less their mean, the mean of what is left, and the largest of it `[d]`.

    A mean of a thousand is known to 1e-4 in single precision; what is left, to 1e-11.
    """
    made, taken = torch.empty_like(values), mean.to(values.dtype)
    total, largest = torch.zeros_like(mean), torch.zeros_like(taken)
    for part, into in zip(_rows(values), _rows(made), strict=True):
        torch.sub(part, taken, out=into)
        total += into.sum(0, dtype=torch.float64)
        largest = torch.maximum(largest, into.abs().amax(0))
    return made, (total / len(values)).to(values.dtype), largest


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
