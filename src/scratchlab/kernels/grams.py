"""Products of features on the fastest way there is, and the kernels of one batch after the other, centred where that costs least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from scratchlab.kernels.layers import layer

SMALLEST, LARGEST = 1e-12, 1e15  # mean squared length of an input within which products of kernels stay in single precision's range
NEAR = 1 << 18  # numbers of kernels centred at once, while the processor has them near: 1 MiB


def product(a: Tensor, b: Tensor, into: Tensor | None = None) -> Tensor:
    """A Bᵀ of `[n, d]` and `[m, d]`; of a matrix with itself the processor makes one half.

    By numpy where it can: it sees that both are one, and hands them to the symmetric product of BLAS, which takes half as long.
    """
    if a.device.type != "cpu" or a.dtype != torch.float32:
        return torch.mm(a, b.T, out=into)
    with np.errstate(over="ignore", invalid="ignore"):  # whoever asks looks at what came of it
        return torch.from_numpy(np.matmul(a.numpy(), b.numpy().T, out=None if into is None else into.numpy()))


@dataclass(frozen=True)
class Held:
    """Kernels of l layers, rows and columns of mean 0, of features that were divided by `scales`; the rest as of a Layer, for each.

    kernels: `[l, n, n]` with 0 on the diagonals; these stand in `diagonals` `[l, n]`, in double precision.
    """

    kernels: Tensor
    diagonals: Tensor
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
        values = [_rows(one) for _, one in features]
        layers, n, device = len(values), len(values[0]), values[0].device
        if self._room.shape != (layers, n, n) or self._room.device != device:
            self._room = torch.empty((layers, n, n), device=device)
        diagonals = torch.empty((layers, n), dtype=torch.float64, device=device)
        made, count = Held(self._room, diagonals, [1.0] * layers, [""] * layers, [False] * layers), max(1, NEAR // n**2)
        for first in range(0, len(values), count):
            places = range(first, min(first + count, len(values)))
            for place in places:
                shift = self._shifts.get(place)
                _gram(values[place] if shift is None else values[place] - shift, self._room[place])
            centred = _centre(self._room[first : first + count])
            for place in (place for place, fine in zip(places, centred, strict=True) if not fine):
                self._with_care(made, place, features[place], values[place])
        diagonals.copy_(off_diagonals(self._room))
        return made

    def _with_care(self, made: Held, place: int, feature: tuple[str, Tensor], values: Tensor) -> None:
        shift, kernel = values.mean(0), made.kernels[place]
        _gram(values - shift, kernel)
        if all(_centre(kernel[None])):
            self._shifts[place] = shift
            return
        ready = layer(*feature)
        _gram(ready.values, kernel)
        made.scales[place], made.reasons[place], made.flat[place] = ready.scale, ready.reason, ready.flat


def off_diagonals(kernels: Tensor) -> Tensor:
    """Sets the diagonals of kernels `[l, n, n]` to 0, and returns what stood there, `[l, n]` in double precision."""
    diagonals = kernels.diagonal(dim1=1, dim2=2)
    taken = diagonals.to(torch.float64, copy=True)
    diagonals.zero_()
    return taken


def _rows(features: Tensor) -> Tensor:
    """`[n, d]`, in double precision only if they are given so: a mean may be taken from them before it is lost."""
    values = features.detach().reshape(len(features), -1)
    return values if values.dtype == torch.float64 else values.float()


def _gram(values: Tensor, into: Tensor) -> None:
    values = values.float()
    product(values, values, into)


def _centre(kernels: Tensor) -> list[bool]:
    """Of kernels `[l, n, n]`, in place; and whether each is as exact as if its features had been centred."""
    rows = kernels.mean(2)
    common = rows.mean(1)
    spread = kernels.diagonal(dim1=1, dim2=2).mean(1) - common
    kernels -= rows[:, :, None]
    kernels -= (rows - common[:, None])[:, None]
    fine = (spread > SMALLEST) & (spread < LARGEST) & (common < spread)  # NaN is none of these
    return cast("list[bool]", fine.tolist())
