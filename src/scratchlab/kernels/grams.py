"""Gram matrices of features by the fastest available routine, and centred kernels of successive batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from scipy import linalg
from torch import Tensor

from scratchlab.kernels.layers import layer

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SMALLEST, LARGEST = 1e-12, 1e15  # mean squared norms of inputs for which products of kernels stay in single precision's range
FEW = 128  # largest number of inputs for which our compiled Gram matrix is faster than that of BLAS
SYRK = cast("Callable[..., object]", linalg.get_blas_funcs("syrk", dtype=np.float32))  # pyright: ignore[reportUnknownMemberType]


def half(a: Tensor, into: Tensor) -> Tensor:
    """Write the entries of A Aᵀ on and above the diagonal, A `[n, d]`, into `into` `[n, n]`, contiguous and 0 below; return it.

    BLAS's symmetric product takes half as long as a product of two matrices; copying its result to the other half would cost what it saves.
    """
    if a.device.type != "cpu":
        return torch.mm(a, a.T, out=into).triu_()
    _syrk(a.numpy(), into.numpy())
    return into


def _syrk(a: Floats, into: Floats) -> None:
    """`half` in numpy. BLAS is column-major: what is above the diagonal here is below it for BLAS."""
    if a.flags.c_contiguous:
        SYRK(1.0, a.T, trans=1, lower=1, c=into.T, overwrite_c=1)
    else:
        SYRK(1.0, a, lower=1, c=into.T, overwrite_c=1)


@dataclass(frozen=True)
class CentredKernels:
    """Centred kernels of l layers, of features that were divided by `scales`; reasons and flat: for each layer, as in `Layer`.

    entries: those above the diagonals, row by row, `[l, n (n - 1) / 2]`. In double precision: the diagonals `[l, n]`, and the sums of
    squares of the off-diagonal entries, `squares` `[l]`.
    """

    entries: Tensor
    diagonals: Doubles
    squares: Doubles
    scales: list[float]
    reasons: list[str]
    flat: list[bool]

    @property
    def n(self) -> int:
        """Number of inputs."""
        return self.diagonals.shape[1]


class Grams:
    """Computes the centred kernels of successive batches in the same memory: each call overwrites the kernels of the one before.

    Centring a kernel is cheaper than centring its features, and as exact unless the mean of the features is larger than their deviations
    from it. For such a layer an approximate mean is subtracted from the features first: their mean in the batch where this was detected.
    If that is not enough, the features are centred and scaled by `layer`.
    """

    def __init__(self) -> None:
        self._kernel = self._entries = torch.empty(0)  # buffers: one full kernel, and the entries of all layers
        self._shifts: dict[int, Tensor] = {}  # approximate means, by index of the layer

    def of(self, features: Sequence[tuple[str, Tensor]]) -> CentredKernels:
        """The centred kernels of layers (name, features `[n, ...]`), which must come in the same order in every call."""
        layers, n, device = len(features), features[0][1].shape[0], features[0][1].device
        shape = layers, n * (n - 1) // 2
        if self._entries.shape != shape or self._entries.device != device:
            self._kernel, self._entries = torch.zeros((n, n), device=device), torch.empty(shape, device=device)
        values = [_flattened(tensor) for _, tensor in features]
        shifted = [rows - self._shifts[place] if place in self._shifts else rows for place, rows in enumerate(values)]
        diagonals, squares, common = self._centred(shifted, self._entries)
        kernels = CentredKernels(self._entries, diagonals, squares, [1.0] * layers, [""] * layers, [False] * layers)
        for place in np.flatnonzero(~_exact(diagonals, common)).tolist():
            self._recompute(kernels, place, features[place], values[place])
        return kernels

    def _recompute(self, kernels: CentredKernels, place: int, feature: tuple[str, Tensor], values: Tensor) -> None:
        """Replace the kernel of one layer, whose features need centring."""
        shift, row = values.mean(0), slice(place, place + 1)
        kernels.diagonals[row], kernels.squares[row], common = self._centred([values - shift], kernels.entries[row])
        if _exact(kernels.diagonals[row], common)[0]:
            self._shifts[place] = shift
            return
        prepared = layer(*feature)
        kernels.diagonals[row], kernels.squares[row], _ = self._centred([prepared.values], kernels.entries[row])
        kernels.scales[place], kernels.reasons[place], kernels.flat[place] = prepared.scale, prepared.reason, prepared.flat

    def _centred(self, values: Sequence[Tensor], entries: Tensor) -> tuple[Doubles, Doubles, Doubles]:
        """Write the `entries` of the centred kernels of layers, `[n, d]` each.

        Returns diagonals and squares, as in `CentredKernels`, and the mean entry of each kernel before centring, `[l]`.
        """
        if entries.device.type != "cpu":
            return centred_by_torch(values, entries)
        from scratchlab.kernels.compiled import centre, gram  # imported here because importing numba takes a second

        kernel, diagonals = self._kernel.numpy(), np.empty((len(values), len(self._kernel)))
        results: list[tuple[float, float]] = []
        for features, above, diagonal in zip(values, entries.numpy(), diagonals, strict=True):
            rows = (features if features.dtype == torch.float32 else features.float()).numpy()
            if len(rows) <= FEW and rows.flags.c_contiguous:
                gram(rows, kernel)
            else:
                _syrk(rows, kernel)
            results.append(centre(kernel, above, diagonal))
        common, squares = np.array(results).T
        return diagonals, 2 * squares, common


def centred_by_torch(values: Sequence[Tensor], entries: Tensor) -> tuple[Doubles, Doubles, Doubles]:
    """`Grams._centred` for devices other than the CPU."""
    kernels = torch.stack([torch.mm(features.float(), features.float().T) for features in values])
    rows = kernels.mean(2)
    common = rows.mean(1)
    kernels.sub_(rows[:, :, None]).sub_((rows - common[:, None])[:, None])
    n = kernels.shape[1]
    above = torch.ones((n, n), dtype=torch.bool, device=kernels.device).triu_(1)
    entries.copy_(kernels[:, above])
    squares = 2 * entries.double().square().sum(1)
    return off_diagonals(kernels).cpu().numpy(), squares.cpu().numpy(), common.double().cpu().numpy()


def off_diagonals(kernels: Tensor) -> Tensor:
    """Set the diagonals of kernels `[l, n, n]` to 0 and return their previous values, `[l, n]` in double precision."""
    diagonals = kernels.diagonal(dim1=1, dim2=2)
    values = diagonals.to(torch.float64, copy=True)
    diagonals.zero_()
    return values


def _flattened(features: Tensor) -> Tensor:
    """Features as `[n, d]`; double precision is kept, so that a mean can be subtracted without loss."""
    values = features.detach()
    values = values if values.ndim == 2 else values.reshape(len(values), -1)
    return values if values.dtype in (torch.float32, torch.float64) else values.float()


def _exact(diagonals: Doubles, common: Doubles) -> Bools:
    """Whether each of the centred kernels, `[l]`, is as exact as if its features had been centred."""
    spread = diagonals.mean(1)
    return (spread > SMALLEST) & (spread < LARGEST) & (common < spread)  # false for NaN
