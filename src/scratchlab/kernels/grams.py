"""The kernel of a batch of features: half the work by symmetry, centred where that costs least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from scipy.linalg import blas  # pyright: ignore[reportMissingModuleSource, reportUnknownVariableType]
from torch import Tensor

from scratchlab.kernels.layers import layer

SMALLEST, LARGEST = 1e-18, 1e18  # mean squared length of an input within which products of kernels stay in single precision's range


def gram(values: Tensor) -> Tensor:
    """`[n, d]` -> X Xᵀ `[n, n]`. On the processor by the symmetric product of BLAS, which makes one half and takes half as long."""
    if values.device.type != "cpu" or values.dtype != torch.float32:
        return values @ values.T
    rows = values.contiguous().numpy()
    half = torch.from_numpy(cast(Any, blas).ssyrk(1.0, rows.T, trans=1, lower=1).T)  # its upper half; zeros below
    whole = half + half.T
    whole.diagonal().mul_(0.5)
    return whole


@dataclass(frozen=True)
class Gram:
    """A kernel `[n, n]`, rows and columns of mean 0, that was divided by `scale`; the rest as of a Layer."""

    kernel: Tensor
    scale: float
    reason: str = ""
    flat: bool = False


def centred_gram(name: str, features: Tensor, scale: float | None = None) -> Gram:
    """Of features `[n, ...]`. scale: by default the mean squared length of an input, so that no product overflows.

    Centring the kernel instead of the features is cheaper, and as exact unless what inputs have in common outweighs what sets them apart;
    then the features are centred after all.
    """
    values = features.detach().reshape(len(features), -1).float()
    kernel = gram(values)
    rows = kernel.mean(1)
    common = float(rows.mean())
    spread = float(kernel.diagonal().mean()) - common
    if not (SMALLEST < spread < LARGEST and common < spread):  # also where one of them is no number
        made = layer(name, features)
        size = scale or float(made.norms.mean()) * made.scale**2 or 1.0
        return Gram(gram(made.values) * (made.scale / size * made.scale), size, made.reason, made.flat)
    kernel -= rows[:, None]
    kernel -= rows - common
    size = scale or spread
    return Gram(kernel.div_(size), size)
