"""Products of features on the fastest way there is, and the kernels of one batch after the other, centred where that costs least."""

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

SMALLEST, LARGEST = 1e-12, 1e15  # mean squared length of an input within which products of kernels stay in single precision's range
FEW = 128  # inputs up to which our own product of a matrix with itself is faster than that of BLAS
SYRK = cast("Callable[..., object]", linalg.get_blas_funcs("syrk", dtype=np.float32))  # pyright: ignore[reportUnknownMemberType]


def half(a: Tensor, into: Tensor) -> Tensor:
    """Writes the part of A Aᵀ on and above the diagonal, A `[n, d]`, into `[n, n]`, which is contiguous and 0 below; returns it.

    The symmetric product of BLAS takes half as long as a product of two matrices; to mirror what it makes would cost what it saves.
    """
    if a.device.type != "cpu":
        return torch.mm(a, a.T, out=into).triu_()
    _syrk(a.numpy(), into.numpy())
    return into


def _syrk(a: Floats, into: Floats) -> None:
    """The same in numpy. BLAS counts columns first, so what is above the diagonal for us is below it for BLAS."""
    if a.flags.c_contiguous:
        SYRK(1.0, a.T, trans=1, lower=1, c=into.T, overwrite_c=1)
    else:
        SYRK(1.0, a, lower=1, c=into.T, overwrite_c=1)


@dataclass(frozen=True)
class Held:
    """Kernels of l layers, rows and columns of mean 0, of features that were divided by `scales`; the rest as of a Layer, for each.

    entries: those above the diagonals, row after row, `[l, n (n - 1) / 2]`. In double precision: those on the diagonals, `diagonals`
    `[l, n]`, and the sum of the squares of all others, `squares` `[l]`.
    """

    entries: Tensor
    diagonals: Doubles
    squares: Doubles
    scales: list[float]
    reasons: list[str]
    flat: list[bool]

    @property
    def n(self) -> int:
        """Inputs."""
        return self.diagonals.shape[1]


class Grams:
    """The centred kernels of one batch after the other, in the same room: those of a batch are gone with the next.

    Centring a kernel is cheaper than centring the features it is made of, and as exact unless what inputs have in common outweighs what
    sets them apart. For such a layer something near its mean is taken from the features first: the mean of the batch in which that was
    seen. Where this is not enough either, the features are centred and scaled with all care.
    """

    def __init__(self) -> None:
        self._kernel = self._entries = torch.empty(0)  # one whole kernel, and of all layers what is kept
        self._shifts: dict[int, Tensor] = {}  # by place of the layer

    def of(self, features: Sequence[tuple[str, Tensor]]) -> Held:
        """Of layers by name, `[n, ...]` each, in the same order every time."""
        layers, n, device = len(features), features[0][1].shape[0], features[0][1].device
        shape = layers, n * (n - 1) // 2
        if self._entries.shape != shape or self._entries.device != device:
            self._kernel, self._entries = torch.zeros((n, n), device=device), torch.empty(shape, device=device)
        values = [_rows(one) for _, one in features]
        shifted = [one - self._shifts[place] if place in self._shifts else one for place, one in enumerate(values)]
        diagonals, squares, common = self._centred(shifted, self._entries)
        made = Held(self._entries, diagonals, squares, [1.0] * layers, [""] * layers, [False] * layers)
        for place in np.flatnonzero(~_fine(diagonals, common)).tolist():
            self._with_care(made, place, features[place], values[place])
        return made

    def _with_care(self, made: Held, place: int, feature: tuple[str, Tensor], values: Tensor) -> None:
        shift, one = values.mean(0), slice(place, place + 1)
        made.diagonals[one], made.squares[one], common = self._centred([values - shift], made.entries[one])
        if _fine(made.diagonals[one], common)[0]:
            self._shifts[place] = shift
            return
        ready = layer(*feature)
        made.diagonals[one], made.squares[one], _ = self._centred([ready.values], made.entries[one])
        made.scales[place], made.reasons[place], made.flat[place] = ready.scale, ready.reason, ready.flat

    def _centred(self, values: Sequence[Tensor], entries: Tensor) -> tuple[Doubles, Doubles, Doubles]:
        """Writes the `entries` of the centred kernels of layers, `[n, d]` each.

        Returns diagonals and squares, as in `Held`, and what the entries of each whole kernel had in common before, `[l]`.
        """
        if entries.device.type != "cpu":
            return centred_by_torch(values, entries)
        from scratchlab.kernels.compiled import centre, gram  # late: numba takes a second

        kernel, diagonals = self._kernel.numpy(), np.empty((len(values), len(self._kernel)))
        found: list[tuple[float, float]] = []
        for one, above, diagonal in zip(values, entries.numpy(), diagonals, strict=True):
            given = (one if one.dtype == torch.float32 else one.float()).numpy()
            if len(given) <= FEW and given.flags.c_contiguous:
                gram(given, kernel)
            else:
                _syrk(given, kernel)
            found.append(centre(kernel, above, diagonal))
        common, squares = np.array(found).T
        return diagonals, 2 * squares, common


def centred_by_torch(values: Sequence[Tensor], entries: Tensor) -> tuple[Doubles, Doubles, Doubles]:
    """The same where nothing is compiled: on other devices than the processor."""
    kernels = torch.stack([torch.mm(one.float(), one.float().T) for one in values])
    rows = kernels.mean(2)
    common = rows.mean(1)
    kernels.sub_(rows[:, :, None]).sub_((rows - common[:, None])[:, None])
    n = kernels.shape[1]
    above = torch.ones((n, n), dtype=torch.bool, device=kernels.device).triu_(1)
    entries.copy_(kernels[:, above])
    squares = 2 * entries.double().square().sum(1)
    return off_diagonals(kernels).cpu().numpy(), squares.cpu().numpy(), common.double().cpu().numpy()


def off_diagonals(kernels: Tensor) -> Tensor:
    """Sets the diagonals of kernels `[l, n, n]` to 0, and returns what stood there, `[l, n]` in double precision."""
    diagonals = kernels.diagonal(dim1=1, dim2=2)
    taken = diagonals.to(torch.float64, copy=True)
    diagonals.zero_()
    return taken


def _rows(features: Tensor) -> Tensor:
    """`[n, d]`, in double precision only if they are given so: a mean may be taken from them before it is lost."""
    values = features.detach()
    values = values if values.ndim == 2 else values.reshape(len(values), -1)
    return values if values.dtype in (torch.float32, torch.float64) else values.float()


def _fine(diagonals: Doubles, common: Doubles) -> Bools:
    """Whether each of the centred kernels `[l]` is as exact as if its features had been centred."""
    spread = diagonals.mean(1)
    return (spread > SMALLEST) & (spread < LARGEST) & (common < spread)  # NaN is none of these
