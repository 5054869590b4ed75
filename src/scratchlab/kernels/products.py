"""The sums of HSIC for many layers at once, by n × n kernels or by d × d products of features, whichever is cheaper; memory bounded.

kernels:  <K, L> summed tile by tile over pairs of inputs i < j: K is symmetric, so half of it is made, and counts twice.
          n²/2 · Σd for the tiles, n²/2 · l² for their products.
features: <K, L> = ‖XᵀY‖²: n · d₁ d₂ for each pair of layers that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scratchlab.kernels.grams import Held, half, off_diagonals
from scratchlab.kernels.hsic import Sums, Values
from scratchlab.kernels.layers import Layer

Wanted = npt.NDArray[np.bool_]

HELD = 1 << 26  # numbers of kernels held at once: 256 MiB
STRIP = 1 << 16  # entries of kernels summed in single precision before double takes over
SIDE = 4096  # columns of features multiplied at once


def sums(layers: Sequence[Layer], wanted: Wanted) -> Sums:
    """Of these layers, of the same n inputs each; `wanted` `[l, l]` says which pairs are asked for beside every layer with itself.

    What is not asked for may be missing (NaN).
    """
    n = layers[0].n
    norms = torch.stack([one.norms for one in layers])
    on = (norms @ norms.T).cpu().numpy()
    asked = wanted | wanted.T | np.eye(len(layers), dtype=bool)
    off = _by_kernels(layers) if _kernels_are_cheaper(n, [one.d for one in layers], asked) else _by_features(layers, asked) - on
    return Sums(n, off, on, norms.sum(1).cpu().numpy())


def sums_of(first: Held, second: Held | None = None) -> Sums:
    """Of kernels that are held: of the layers of one side with each other, or of one after those of the other; then what is neither of one
    side with the other nor of a layer with itself is missing (NaN).
    """
    sides = [first] if second is None else [first, second]
    diagonals, squares = (np.concatenate([getattr(side, part) for side in sides]) for part in ("diagonals", "squares"))
    cross = 2 * _inner(first.entries, sides[-1].entries).cpu().numpy()
    rows, columns = slice(0, len(cross)), slice(len(squares) - cross.shape[1], None)
    off = np.full((len(squares), len(squares)), np.nan)
    off[columns, rows], off[rows, columns] = cross.T, cross
    np.fill_diagonal(off, squares)
    return Sums(first.n, off, diagonals @ diagonals.T, diagonals.sum(1))


def held(n: int, widths: Sequence[int], wanted: Wanted) -> bool:
    """Whether kernels of n inputs are cheaper and small enough to be held all at once; then features need not be centred, but kernels."""
    asked = wanted | wanted.T | np.eye(len(widths), dtype=bool)
    return len(widths) * n**2 <= HELD and _kernels_are_cheaper(n, widths, asked)


def _kernels_are_cheaper(n: int, widths: Sequence[int], asked: Wanted) -> bool:
    return _kernels_cost(n, widths) <= _features_cost(n, widths, asked)


def _kernels_cost(n: int, widths: Sequence[int]) -> float:
    return n**2 / 2 * (sum(widths) + len(widths) ** 2)


def _features_cost(n: int, widths: Sequence[int], asked: Wanted) -> float:
    each = np.array(widths, dtype=np.float64)
    pairs = np.triu(asked) * np.outer(each, each)
    return n * (pairs.sum() - np.square(each).sum() / 2)  # of a layer's product with itself half is made


def _by_kernels(layers: Sequence[Layer]) -> Values:
    """Σ_{i≠j} K_ij L_ij `[l, l]`."""
    n, count = layers[0].n, len(layers)
    side = max(1, min(n, int((HELD / count) ** 0.5)))
    room, total = layers[0].values.new_empty(count * side * side), torch.zeros(count, count, dtype=torch.float64)
    for first in range(0, n, side):
        for second in range(first, n, side):
            rows, columns = slice(first, min(n, first + side)), slice(second, min(n, second + side))
            height, width = rows.stop - first, columns.stop - second
            tiles = room[: count * height * width].view(count, height, width)
            if first == second:
                for one, tile in zip(layers, tiles.zero_(), strict=True):
                    half(one.values[rows], tile)
                off_diagonals(tiles)
            else:
                for one, tile in zip(layers, tiles, strict=True):
                    torch.mm(one.values[rows], one.values[columns].T, out=tile)
            total += 2 * _inner(tiles.flatten(1), tiles.flatten(1)).cpu()
    return total.numpy()


def _inner(first: Tensor, second: Tensor) -> Tensor:
    """`[k, m]`, `[l, m]` -> `[k, l]` in double precision."""
    total = torch.zeros((len(first), len(second)), dtype=torch.float64, device=first.device)
    for start in range(0, first.shape[1], STRIP):
        strip = slice(start, start + STRIP)
        total += torch.mm(first[:, strip], second[:, strip].T)
    return total


def _by_features(layers: Sequence[Layer], asked: Wanted) -> Values:
    """‖XᵀY‖² `[l, l]`, NaN where it is not asked for."""
    found = np.full((len(layers), len(layers)), np.nan)
    for i, one in enumerate(layers):
        own = half(one.values.T, one.values.new_zeros(one.d, one.d))
        diagonal = off_diagonals(own[None])
        found[i, i] = 2 * _squares(own) + float(diagonal.square().sum())
    for together in _bundles(layers):
        ends = list(accumulate((layers[j].d for j in together), initial=0))
        columns = torch.cat([layers[j].values for j in together], 1)
        for i, one in enumerate(layers):
            partners = [place for place, j in enumerate(together) if j > i and asked[i, j]]
            if partners:
                start, stop = ends[partners[0]], ends[partners[-1] + 1]
                made = torch.mm(one.values.T, columns[:, start:stop])
                for place in partners:
                    j = together[place]
                    found[i, j] = found[j, i] = _squares(made[:, ends[place] - start : ends[place + 1] - start])
    return found


def _squares(of: Tensor) -> float:
    """Their sum, `[r, c]`: a row in single precision, all rows in double, which takes many times as long."""
    return float(cast(Tensor, torch.linalg.vector_norm(of, dim=1)).double().square().sum())


def _bundles(layers: Sequence[Layer]) -> list[list[int]]:
    """Layers in groups of some thousand columns: one large product is faster than many small ones."""
    found: list[list[int]] = []
    for j, one in enumerate(layers):
        if not found or sum(layers[k].d for k in found[-1]) + one.d > SIDE:
            found.append([])
        found[-1].append(j)
    return found
