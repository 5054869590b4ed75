"""The sums of HSIC for many layers, by n × n kernels or by d × d products of features, whichever is cheaper, in bounded memory.

kernels:  <K, L> summed tile by tile over pairs of inputs i < j: K is symmetric, so one half is computed, and counted twice.
          Cost: n²/2 · Σd for the tiles, n²/2 · l² for their products.
features: <K, L> = ‖XᵀY‖². Cost: n · d₁ d₂ for each requested pair of layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scratchlab.kernels.grams import CentredKernels, half, off_diagonals
from scratchlab.kernels.hsic import Sums, Values
from scratchlab.kernels.layers import Layer

PairMask = npt.NDArray[np.bool_]

MAX_ENTRIES = 1 << 26  # kernel entries in memory at once: 256 MiB
STRIP = 1 << 16  # entries of kernels summed in single precision; the sums of strips are added in double precision
SIDE = 4096  # columns of features multiplied at once


def sums(layers: Sequence[Layer], pairs: PairMask) -> Sums:
    """The sums of HSIC for these layers over the same n inputs; pairs `[l, l]`: which pairs are requested, besides each layer with itself.

    Pairs that are not requested may be NaN.
    """
    n = layers[0].n
    norms = torch.stack([layer.norms for layer in layers])
    on = (norms @ norms.T).cpu().numpy()
    requested = pairs | pairs.T | np.eye(len(layers), dtype=bool)
    cheaper = _kernels_are_cheaper(n, [layer.d for layer in layers], requested)
    off = _by_kernels(layers) if cheaper else _by_features(layers, requested) - on
    return Sums(n, off, on, norms.sum(1).cpu().numpy())


def sums_of(first: CentredKernels, second: CentredKernels | None = None) -> Sums:
    """The sums of HSIC for the kernels of one network, or of the layers of two, the first's before the second's.

    With two networks, pairs of different layers of the same network are NaN.
    """
    networks = [first] if second is None else [first, second]
    diagonals, squares = (np.concatenate([getattr(network, part) for network in networks]) for part in ("diagonals", "squares"))
    cross = 2 * _inner(first.entries, networks[-1].entries).cpu().numpy()
    rows, columns = slice(0, len(cross)), slice(len(squares) - cross.shape[1], None)
    off = np.full((len(squares), len(squares)), np.nan)
    off[columns, rows], off[rows, columns] = cross.T, cross
    np.fill_diagonal(off, squares)
    return Sums(first.n, off, diagonals @ diagonals.T, diagonals.sum(1))


def kernels_fit(n: int, widths: Sequence[int], pairs: PairMask) -> bool:
    """Whether kernels of n inputs are cheaper than products of features and all fit into memory; then kernels are centred, not features."""
    requested = pairs | pairs.T | np.eye(len(widths), dtype=bool)
    return len(widths) * n**2 <= MAX_ENTRIES and _kernels_are_cheaper(n, widths, requested)


def _kernels_are_cheaper(n: int, widths: Sequence[int], requested: PairMask) -> bool:
    return _kernels_cost(n, widths) <= _features_cost(n, widths, requested)


def _kernels_cost(n: int, widths: Sequence[int]) -> float:
    return n**2 / 2 * (sum(widths) + len(widths) ** 2)


def _features_cost(n: int, widths: Sequence[int], requested: PairMask) -> float:
    d = np.array(widths, dtype=np.float64)
    products = np.triu(requested) * np.outer(d, d)
    return n * (products.sum() - np.square(d).sum() / 2)  # a layer's product with itself is symmetric, so one half is computed


def _by_kernels(layers: Sequence[Layer]) -> Values:
    """Σ_{i≠j} K_ij L_ij `[l, l]`."""
    n, count = layers[0].n, len(layers)
    side = max(1, min(n, int((MAX_ENTRIES / count) ** 0.5)))
    buffer, total = layers[0].values.new_empty(count * side * side), torch.zeros(count, count, dtype=torch.float64)
    for first in range(0, n, side):
        for second in range(first, n, side):
            rows, columns = slice(first, min(n, first + side)), slice(second, min(n, second + side))
            height, width = rows.stop - first, columns.stop - second
            tiles = buffer[: count * height * width].view(count, height, width)
            if first == second:
                for layer, tile in zip(layers, tiles.zero_(), strict=True):
                    half(layer.values[rows], tile)
                off_diagonals(tiles)
            else:
                for layer, tile in zip(layers, tiles, strict=True):
                    torch.mm(layer.values[rows], layer.values[columns].T, out=tile)
            total += 2 * _inner(tiles.flatten(1), tiles.flatten(1)).cpu()
    return total.numpy()


def _inner(first: Tensor, second: Tensor) -> Tensor:
    """Inner products `[k, l]` of the rows of `[k, m]` and `[l, m]`, in double precision."""
    total = torch.zeros((len(first), len(second)), dtype=torch.float64, device=first.device)
    for start in range(0, first.shape[1], STRIP):
        strip = slice(start, start + STRIP)
        total += torch.mm(first[:, strip], second[:, strip].T)
    return total


def _by_features(layers: Sequence[Layer], requested: PairMask) -> Values:
    """‖XᵀY‖² `[l, l]`, NaN for pairs that are not requested."""
    norms = np.full((len(layers), len(layers)), np.nan)
    for i, layer in enumerate(layers):
        own = half(layer.values.T, layer.values.new_zeros(layer.d, layer.d))
        diagonal = off_diagonals(own[None])
        norms[i, i] = 2 * _squares(own) + float(diagonal.square().sum())
    for group in _groups(layers):
        ends = list(accumulate((layers[j].d for j in group), initial=0))
        columns = torch.cat([layers[j].values for j in group], 1)
        for i, layer in enumerate(layers):
            partners = [place for place, j in enumerate(group) if j > i and requested[i, j]]
            if partners:
                start, stop = ends[partners[0]], ends[partners[-1] + 1]
                products = torch.mm(layer.values.T, columns[:, start:stop])
                for place in partners:
                    j = group[place]
                    norms[i, j] = norms[j, i] = _squares(products[:, ends[place] - start : ends[place + 1] - start])
    return norms


def _squares(matrix: Tensor) -> float:
    """Sum of the squares of `[r, c]`: rows in single precision, which is many times faster, and their sum in double."""
    return float(cast(Tensor, torch.linalg.vector_norm(matrix, dim=1)).double().square().sum())


def _groups(layers: Sequence[Layer]) -> list[list[int]]:
    """Indices of layers in groups of up to `SIDE` columns: one large product is faster than many small ones."""
    groups: list[list[int]] = []
    for j, layer in enumerate(layers):
        if not groups or sum(layers[k].d for k in groups[-1]) + layer.d > SIDE:
            groups.append([])
        groups[-1].append(j)
    return groups
