"""Linear centred kernel alignment between the layers of one network or of two, biased and debiased from one pass.

Sources: Kornblith et al. (2019), arXiv 1905.00414; debiased: Song et al. (2012), JMLR 13:1393; sums over minibatches: Nguyen, Raghu and
Kornblith (2021), arXiv 2010.15327, equation 3. The biased one nears its maximum on unrelated data once features outnumber inputs (Murphy
et al. 2024, arXiv 2405.01012), so the debiased one is what to read first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import overload

import numpy as np
from torch import Tensor

from scratchlab.checks import Problem, counted
from scratchlab.kernels.grams import Grams
from scratchlab.kernels.hsic import Values, aligned
from scratchlab.kernels.layers import width
from scratchlab.kernels.products import Wanted, held, sums, sums_of
from scratchlab.kernels.ready import Features, Ready, ready
from scratchlab.metrics.estimate import Estimate, undefined

ENOUGH = 4  # inputs without which nothing is debiased
APART = 1e60  # by how much the sizes of a layer's batches may differ before sums of their kernels leave double precision


@dataclass(frozen=True)
class Alignment:
    """CKA of each of the `rows` with each of the `columns`: biased and debiased `[r, c]`, NaN where undefined; `of` says why.

    What was not asked for may be NaN as well.
    reasons: for rows and for columns, by layer, why it has no CKA at all; unsure: the same, why it has no debiased one.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    biased: Values
    debiased: Values
    reasons: tuple[Mapping[str, str], Mapping[str, str]]
    unsure: tuple[Mapping[str, str], Mapping[str, str]]

    def of(self, row: str, column: str, *, debiased: bool = True) -> Estimate:
        """One of them, or why it is undefined. Raises Problem for a layer that is not there."""
        for name, names in ((row, self.rows), (column, self.columns)):
            if name not in names:
                raise Problem(f"There is no layer {name}; there are: {', '.join(names)}.")
        for side, name in enumerate((row, column)):
            reason = self.reasons[side].get(name) or (self.unsure[side].get(name) if debiased else None)
            if reason:
                return undefined(reason)
        values = self.debiased if debiased else self.biased
        return Estimate(float(values[self.rows.index(row), self.columns.index(column)]))


@overload
def cka(a: Tensor, b: Tensor, *, debiased: bool = True) -> float: ...
@overload
def cka(a: Features, b: Features | None = None) -> Alignment: ...
def cka(a: Features | Tensor, b: Features | Tensor | None = None, *, debiased: bool = True) -> Alignment | float:
    """Linear CKA of two layers, or of every layer of `a` with every one of `b` (None: with each other), over the same n inputs.

    a, b: features `[n, ...]`, flattened to `[n, d]` -> a number, debiased (n of 4 or more) or biased; or mappings of them by layer ->
    an `Alignment` with both. Raises Problem where layers differ in n, and for two layers whose CKA is undefined, with the reason.
    """
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return _of_two(a, b, debiased)
    if not a or (b is not None and not b):
        raise Problem("There is no layer to compare.")
    sides = [a] if b is None else [a, b]
    every = [one for side in sides for one in side.items()]
    widths = [width(*one) for one in every]
    _same([(name, len(features)) for name, features in every])
    kernels = held(len(every[0][1]), widths, _wanted([len(side) for side in sides]))
    return alignment(ready(a, kernels=kernels), None if b is None else ready(b, kernels=kernels))


def _of_two(a: Features | Tensor, b: Features | Tensor | None, debiased: bool) -> float:
    if not isinstance(a, Tensor) or not isinstance(b, Tensor):
        raise Problem("cka compares two tensors [n, ...], or mappings of them by layer; here is one of each.")
    found = cka({"a": a}, {"b": b}).of("a", "b", debiased=debiased)
    if found.value is None:
        raise Problem(f"CKA is {found.how}.")
    return found.value


def alignment(a: Ready, b: Ready | None = None, asked: Wanted | None = None) -> Alignment:
    """The same of layers that are ready, all by kernels or all by features; `asked` `[r, c]` says which pairs of them, if not all."""
    sides = [a] if b is None else [a, b]
    if a.held is not None and (b is None or b.held is not None):
        found = sums_of(a.held, None if b is None else b.held)
    else:
        found = sums([one for side in sides for one in side.layers], _wanted([len(side.names) for side in sides], asked))
    debiased = found.debiased() if found.n >= ENOUGH else None
    return _alignment(a.names, sides[-1].names, found.biased(), debiased, [why for side in sides for why in side.reasons], found.n)


class Minibatches:
    """The same, summed over batches: HSIC is averaged, and the alignment is the ratio of the averages.

    A batch of fewer than four inputs is left out and counted in `left_out`; one in which a layer is the same for all inputs adds nothing to
    that layer. Both networks must have seen the same batches: hand the features of both to the same `add`.
    """

    def __init__(self) -> None:
        self.inputs = self.batches = self.left_out = 0
        self._names: tuple[tuple[str, ...], tuple[str, ...] | None] | None = None
        self._grams = Grams(), Grams()
        self._scales: list[float] = []  # of each layer's first batch, by which later ones are measured; 0 before it
        self._flat: list[str] = []  # why a layer was the same for all inputs in every batch so far
        self._spoilt: list[str] = []  # why a layer has no kernel for one of its batches at all
        self._biased = self._debiased = np.zeros((0, 0))

    def add(self, a: Features, b: Features | None = None) -> None:
        """One batch. Raises Problem where layers differ from those of the first batch, or in their number of inputs."""
        names = (tuple(a), None if b is None else tuple(b))
        if not a or (b is not None and not b):
            raise Problem("There is no layer to compare.")
        if self._names is None:
            count = len(names[0]) + len(names[1] or ())
            self._names, self._scales, self._flat, self._spoilt = names, [0.0] * count, [""] * count, [""] * count
            self._biased = self._debiased = np.zeros((count, count))
        if names != self._names:
            raise Problem(f"The layers of every batch must be the same; the first had {self._names}, this one has {names}.")
        sides = [list(one.items()) for one in (a, b) if one is not None]
        every = [one for side in sides for one in side]
        numbers = {features.shape[0] for _, features in every}
        if min(numbers) < ENOUGH:
            self.left_out += 1
            return
        if len(numbers) > 1:
            _same([(name, len(features)) for name, features in every])
        made = [grams.of(side) for grams, side in zip(self._grams, sides, strict=False)]
        sizes = np.zeros(len(every))
        layers = ((one.scales, one.reasons, one.flat) for one in made)
        scales, reasons, flats = (list(chain.from_iterable(parts)) for parts in zip(*layers, strict=True))
        for place, (scale, reason, flat) in enumerate(zip(scales, reasons, flats, strict=True)):
            self._scales[place] = self._scales[place] or (0.0 if reason else scale)
            if not reason and scale / self._scales[place] > APART:
                reason = f"layer {every[place][0]} cannot be compared: it is {scale / self._scales[place]:.0e} times as large as at first"
            self._flat[place] = reason if flat and (self._flat[place] or not self.batches) else ""
            if reason and not flat:
                self._spoilt[place] = self._spoilt[place] or f"{reason}, in batch {self.batches + self.left_out + 1}"
            sizes[place] = 0.0 if reason else (scale / self._scales[place]) ** 2
        found = sums_of(*made).times(sizes)
        self._biased, self._debiased = self._biased + found.biased(), self._debiased + found.debiased()
        self.inputs, self.batches = self.inputs + found.n, self.batches + 1

    def alignment(self) -> Alignment:
        """What all batches so far amount to. Raises Problem if there was none of four inputs or more."""
        if self._names is None or not self.batches:
            raise Problem(f"No batch had four inputs or more; {counted(self.left_out, 'batch')} of fewer were left out.")
        rows, columns = self._names[0], self._names[1] or self._names[0]
        reasons = [spoilt or flat for spoilt, flat in zip(self._spoilt, self._flat, strict=True)]
        return _alignment(rows, columns, self._biased, self._debiased, reasons, self.inputs)


def _same(inputs: Sequence[tuple[str, int]]) -> None:
    if len({n for _, n in inputs}) > 1:
        told = ", ".join(f"{name} {n}" for name, n in inputs)
        raise Problem(f"All layers must be of the same inputs, but their numbers differ: {told}.")


def _wanted(counts: Sequence[int], asked: Wanted | None = None) -> Wanted:
    """`[l, l]` of the layers of one side, or of two: which pairs are asked for, of one side with itself or with the other."""
    rows, every = counts[0], sum(counts)
    wanted = np.zeros((every, every), dtype=bool)
    wanted[:rows, every - counts[-1] :] = True if asked is None else asked
    return wanted


def _alignment(
    rows: tuple[str, ...], columns: tuple[str, ...], biased: Values, debiased: Values | None, reasons: Sequence[str], n: int
) -> Alignment:
    """Of HSIC `[l, l]` of all layers, rows first and then columns, if these are others: the part asked for, and what is undefined in it."""
    two, bad = len(biased) > len(rows), np.array([bool(reason) for reason in reasons])
    if debiased is None:
        debiased = np.full_like(biased, np.nan)
        unsure = [f"a debiased CKA needs four inputs, and there are {n}"] * len(reasons)
    else:
        own = zip((*rows, *columns) if two else rows, np.diagonal(debiased), strict=True)
        unsure = [
            "" if one > 0 else f"layer {name} has no debiased HSIC above 0: its inputs are alike by chance alone" for name, one in own
        ]
    first = slice(0, len(rows))
    second = slice(len(rows), None) if two else first

    def told(why: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
        return _by_name(rows, why[first]), _by_name(columns, why[second])

    biased, debiased = (aligned(np.where(bad[:, None] | bad[None], np.nan, one))[first, second] for one in (biased, debiased))
    return Alignment(rows, columns, biased, debiased, told(reasons), told(unsure))


def _by_name(names: Sequence[str], why: Sequence[str]) -> dict[str, str]:
    return {name: reason for name, reason in zip(names, why, strict=True) if reason}
