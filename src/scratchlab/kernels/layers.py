"""Features of one layer prepared for kernels: centred over inputs and scaled so that squares do not overflow, or undefined with a reason.

Features are centred first: in single precision, products of features with a large mean would lose everything but the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from scratchlab.checks import Problem, counted, listing

CHUNK = 1 << 18  # numbers processed at once: they stay in cache through all operations, and temporary tensors stay small


@dataclass(frozen=True)
class Layer:
    """Features `[n, d]` in single precision with mean 0 over inputs and largest value about 1; or `reason`, why they are undefined.

    norms: `[n]` in double precision, the squared norm of each input. scale: the divisor of the features. flat: whether the reason is that
    the features are equal for all inputs.
    """

    name: str
    values: Tensor
    norms: Tensor
    scale: float
    reason: str = ""
    flat: bool = False

    @property
    def n(self) -> int:
        """Number of inputs."""
        return self.values.shape[0]

    @property
    def d(self) -> int:
        """Number of features per input."""
        return self.values.shape[1]


def width(name: str, features: Tensor) -> int:
    """Number of features d of `[n, ...]`, flattened to `[n, d]`. Raises Problem for a single number and for fewer than two inputs."""
    if not features.ndim:
        raise Problem(f"Features must have the shape [n, ...], but those of layer {name} are a single number.")
    if len(features) < 2:
        raise Problem(f"A kernel needs two or more inputs, but layer {name} has {counted(len(features), 'input')}.")
    return features.numel() // len(features)


def layer(name: str, features: Tensor) -> Layer:
    """Prepare features `[n, ...]`, which are flattened to `[n, d]`; the given tensor is not changed. Raises Problem as `width`."""
    values = features.detach().reshape(len(features), width(name, features))
    exact = values.dtype if values.dtype == torch.float64 else torch.float32
    values = values.to(exact)
    mean = _mean(values)
    if not mean.isfinite().all():
        return _undefined(name, values, _not_finite(values))
    centred, rest, largest = _centred(values, mean)
    rounding = 8 * torch.finfo(exact).eps * mean.abs().to(exact)
    kept = largest > rounding  # features that vary by less are constant up to rounding
    size = float(largest[kept].max()) if kept.any() else 0.0
    if size == 0:
        return _undefined(name, values, "it is the same for all inputs" if mean.any() else "it is 0 for all inputs", flat=True)
    for part in _chunks(centred):
        part.sub_(rest).div_(size)
        if not kept.all():
            part.mul_(kept)
    centred = centred.float()
    return Layer(name, centred, _norms(centred), size)


def _centred(values: Tensor, mean: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Features minus their mean, the remaining mean `[d]`, and the largest absolute value `[d]`.

    The mean has to be subtracted twice: in single precision, a mean of 1,000 is known to 1e-4 only; the remaining mean, to 1e-11.
    """
    centred, subtracted = torch.empty_like(values), mean.to(values.dtype)
    total, largest = torch.zeros_like(mean), torch.zeros_like(subtracted)
    for part, into in zip(_chunks(values), _chunks(centred), strict=True):
        torch.sub(part, subtracted, out=into)
        total += into.sum(0, dtype=torch.float64)
        largest = torch.maximum(largest, into.abs().amax(0))
    return centred, (total / len(values)).to(values.dtype), largest


def _undefined(name: str, values: Tensor, reason: str, *, flat: bool = False) -> Layer:
    zeros = torch.zeros_like(values, dtype=torch.float32)
    norms = zeros.new_zeros(len(zeros), dtype=torch.float64)
    return Layer(name, zeros, norms, 1.0, f"layer {name} cannot be compared: {reason}", flat)


def _not_finite(values: Tensor) -> str:
    bad = np.flatnonzero((~values.isfinite()).any(1).cpu().numpy())
    if not len(bad):
        return "its mean overflows"
    return f"values of {counted(len(bad), 'input')} of {len(values)} are not finite: {listing(bad.astype(str), 3)}"


def _chunks(values: Tensor) -> list[Tensor]:
    return list(cast("tuple[Tensor, ...]", values.split(max(1, CHUNK // max(1, values.shape[1])))))


def _mean(values: Tensor) -> Tensor:
    """Mean over inputs, `[d]` in double precision."""
    total = torch.stack([part.sum(0, dtype=torch.float64) for part in _chunks(values)]).sum(0)
    return total / len(values)


def _norms(values: Tensor) -> Tensor:
    """Squared norms of the inputs, `[n]` in double precision."""
    return torch.cat([part.double().square().sum(1) for part in _chunks(values)])
