"""Products of features on the fastest way there is, and the kernels of one batch after the other, centred where that costs least."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from scipy.linalg import get_blas_funcs
from torch import Tensor

from scratchlab.kernels.layers import layer

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

SMALLEST, LARGEST = 1e-12, 1e15  # mean squared length of an input within which products of kernels stay in single precision's range
FEW = 128  # inputs up to which our own product of a matrix with itself is faster than that of BLAS
SYRK = cast("Callable[..., object]", get_blas_funcs("syrk", dtype=np.float32))


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

    kernels: `[l, n, n]` above the diagonals, and 0 elsewhere. In double precision: what is on the diagonals, `diagonals` `[l, n]`, and the
    sum of the squares of all that is not, `squares` `[l]`.
    """

    kernels: Tensor
    diagonals: Tensor
    squares: Tensor
    scales: list[float]
    reasons: list[str]
    flat: list[bool]

    @property
    def n(self) -> int:
        """Inputs."""
        return self.kernels.shape[1]


class Grams:
    """The centred kernels of one batch after the other, in the same room: those of a batch are gone with the next.

    Centring a kernel is cheaper than centring the features it is made of, and as exact unless what inputs have in common outweighs what
    sets them apart. For such a layer something near its mean is taken from the features first: the mean of the batch in which that was
    seen. Where this is not enough either, the features are centred and scaled with all care.
    """

    def __init__(self) -> None:
        self._room = torch.empty(0)
        self._shifts: dict[int, Tensor] = {}  # by place of the layer

    def of(self, features: Sequence[tuple[str, Tensor]]) -> Held:
        """Of layers by name, `[n, ...]` each, in the same order every time."""
        layers, (n, *_), device = len(features), features[0][1].shape, features[0][1].device
        if self._room.shape != (layers, n, n) or self._room.device != device:
            self._room = torch.zeros((layers, n, n), device=device)
        values = [_rows(one) for _, one in features]
        shifted = [one - self._shifts[place] if place in self._shifts else one for place, one in enumerate(values)]
        diagonals, squares, common = _centred(shifted, self._room)
        made = Held(self._room, diagonals, squares, [1.0] * layers, [""] * layers, [False] * layers)
        for place in np.flatnonzero(~_fine(diagonals, common)).tolist():
            self._with_care(made, place, features[place], values[place])
        return made

    def _with_care(self, made: Held, place: int, feature: tuple[str, Tensor], values: Tensor) -> None:
        shift, one = values.mean(0), slice(place, place + 1)
        made.diagonals[one], made.squares[one], common = _centred([values - shift], made.kernels[one])
        if _fine(made.diagonals[one], common)[0]:
            self._shifts[place] = shift
            return
        ready = layer(*feature)
        made.diagonals[one], made.squares[one], _ = _centred([ready.values], made.kernels[one])
        made.scales[place], made.reasons[place], made.flat[place] = ready.scale, ready.reason, ready.flat


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
    return values if values.dtype == torch.float64 else values.float()


def _centred(values: Sequence[Tensor], kernels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Writes centred kernels of layers, `[n, d]` each, into `[l, n, n]`, above the diagonals.

    Returns diagonals and squares, as in `Held`, and what the entries of each kernel had in common before, `[l]`.
    """
    if kernels.device.type != "cpu":
        for one, kernel in zip(values, kernels, strict=True):
            torch.mm(one.float(), one.float().T, out=kernel)
        rows = kernels.mean(2)
        common = rows.mean(1)
        diagonals = off_diagonals(kernels.sub_(rows[:, :, None]).sub_((rows - common[:, None])[:, None]).triu_())
        return diagonals, 2 * kernels.double().square().sum((1, 2)), common
    from scratchlab.kernels.compiled import centre, centred_gram  # late: numba takes a second

    diagonals = np.empty(kernels.shape[:2])
    found: list[tuple[float, float]] = []
    for one, kernel, diagonal in zip(values, kernels.numpy(), diagonals, strict=True):
        given = one.float().numpy()
        if len(given) <= FEW and one.is_contiguous():
            found.append(centred_gram(given, kernel, diagonal))
        else:
            _syrk(given, kernel)
            found.append(centre(kernel, diagonal))
    common, above = torch.tensor(found, dtype=torch.float64).T
    return torch.from_numpy(diagonals), 2 * above, common


def _fine(diagonals: Tensor, common: Tensor) -> Bools:
    """Whether each of the centred kernels `[l]` is as exact as if its features had been centred."""
    spread = diagonals.mean(1)
    return ((spread > SMALLEST) & (spread < LARGEST) & (common < spread)).cpu().numpy()  # NaN is none of these
