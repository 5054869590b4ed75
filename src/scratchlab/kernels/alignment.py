"""Linear centred kernel alignment (CKA) between the layers of one network or of two, biased and debiased in one pass.

Sources: Kornblith et al. (2019), arXiv 1905.00414; debiased: Song et al. (2012), JMLR 13:1393; sums over minibatches: Nguyen, Raghu and
Kornblith (2021), arXiv 2010.15327, equation 3. Prefer the debiased estimate: the biased one approaches its maximum even for unrelated data
once features outnumber inputs (Murphy et al. 2024, arXiv 2405.01012).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scratchlab.checks import Problem, counted
from scratchlab.kernels.grams import Grams
from scratchlab.kernels.hsic import Values, aligned
from scratchlab.kernels.layers import width
from scratchlab.kernels.products import PairMask, kernels_fit, sums, sums_of
from scratchlab.kernels.ready import Features, Ready, ready
from scratchlab.metrics.estimate import Estimate, undefined

Matrix = Tensor | npt.NDArray[Any]  # features [n, ...]

MIN_DEBIASED = 4  # inputs that a debiased estimate needs
MAX_RATIO = 1e60  # largest ratio of a layer's scales in two batches; beyond it, sums of their kernels overflow double precision


@dataclass(frozen=True)
class Alignment:
    """CKA of each layer in `rows` with each layer in `columns`: biased and debiased `[r, c]`; NaN if undefined (`of` gives the reason) or
    not requested.

    reasons: for rows and for columns, by layer, why CKA is undefined; debiased_reasons: the same for debiased CKA only.

    >>> table = cka({"first": torch.arange(12.0).view(6, 2), "flat": torch.ones(6, 3)})  # layers [n, d]
    >>> table.rows, table.biased.shape, table.of("first", "flat").how
    (('first', 'flat'), (2, 2), 'undefined, because layer flat cannot be compared: it is the same for all inputs')
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    biased: Values
    debiased: Values
    reasons: tuple[Mapping[str, str], Mapping[str, str]]
    debiased_reasons: tuple[Mapping[str, str], Mapping[str, str]]

    def of(self, row: str, column: str, *, debiased: bool = True) -> Estimate:
        """CKA of one pair of layers, or the reason why it is undefined. Raises Problem for an unknown layer."""
        for name, names in ((row, self.rows), (column, self.columns)):
            if name not in names:
                raise Problem(f"There is no layer {name}; the layers are: {', '.join(names)}.")
        for side, name in enumerate((row, column)):
            reason = self.reasons[side].get(name) or (self.debiased_reasons[side].get(name) if debiased else None)
            if reason:
                return undefined(reason)
        values = self.debiased if debiased else self.biased
        return Estimate(float(values[self.rows.index(row), self.columns.index(column)]))


@overload
def cka(a: Matrix, b: Matrix, *, debiased: bool = True) -> float: ...
@overload
def cka(a: Features, b: Features | None = None) -> Alignment: ...
def cka(a: Features | Matrix, b: Features | Matrix | None = None, *, debiased: bool = True) -> Alignment | float:
    """Linear CKA of two layers, or of every layer of `a` with every layer of `b` (None: of `a`), over the same n inputs.

    For features a and b `[n, ...]`, which are flattened to `[n, d]`, returns a number, debiased (n of 4 or more) or biased; for mappings
    from layer names to features, an `Alignment` with both. Raises Problem if layers differ in n, or if the CKA of two layers is undefined.

    >>> layer = torch.tensor([[0.0, 1.0], [1.0, 0.0], [3.0, 1.0], [4.0, 4.0], [5.0, 2.0]])
    >>> round(cka(layer, -3 * layer + 1), 4)  # shift and scale do not matter
    1.0
    """
    if not isinstance(a, Mapping) or not isinstance(b, Mapping | None):
        return _of_two(a, b, debiased)
    if not a or (b is not None and not b):
        raise Problem("There is no layer to compare.")
    networks = [a] if b is None else [a, b]
    layers = [layer for network in networks for layer in network.items()]
    widths = [width(*layer) for layer in layers]
    _check_inputs([(name, len(features)) for name, features in layers])
    kernels = kernels_fit(len(layers[0][1]), widths, _pairs([len(network) for network in networks]))
    return alignment(ready(a, kernels=kernels), None if b is None else ready(b, kernels=kernels))


def _of_two(a: Features | Matrix, b: Features | Matrix | None, debiased: bool) -> float:
    if b is None or isinstance(a, Mapping) or isinstance(b, Mapping):
        given = "a tensor alone" if b is None else "a tensor and a mapping"
        raise Problem(f"cka compares two tensors [n, ...], or mappings of them by layer; here is {given}.")
    estimate = cka({"a": torch.as_tensor(a)}, {"b": torch.as_tensor(b)}).of("a", "b", debiased=debiased)
    if estimate.value is None:
        raise Problem(f"CKA is {estimate.how}.")
    return estimate.value


def alignment(a: Ready, b: Ready | None = None, requested: PairMask | None = None) -> Alignment:
    """CKA of prepared layers, all of them kernels or all features; requested `[r, c]`: which pairs to compute (None: all)."""
    networks = [a] if b is None else [a, b]
    if a.kernels is not None and (b is None or b.kernels is not None):
        hsic = sums_of(a.kernels, None if b is None else b.kernels)
    else:
        hsic = sums(
            [layer for network in networks for layer in network.layers], _pairs([len(network.names) for network in networks], requested)
        )
    debiased = hsic.debiased() if hsic.n >= MIN_DEBIASED else None
    reasons = [reason for network in networks for reason in network.reasons]
    return _alignment(a.names, networks[-1].names, hsic.biased(), debiased, reasons, hsic.n)


class Minibatches:
    """Minibatch CKA: HSIC is averaged over batches, and CKA is the ratio of the averages.

    Batches of fewer than four inputs are skipped and counted in `left_out`. A batch for which a layer has equal features for all inputs
    contributes 0 to that layer. Give the features `[n, ...]` of both networks for the same n inputs to one call of `add`.

    >>> batches = Minibatches()
    >>> for batch in torch.arange(24.0).view(2, 6, 2).square():
    ...     batches.add({"first": batch, "second": batch[:, :1]})
    >>> round(float(batches.alignment().of("first", "second").value), 3), batches.inputs
    (1.0, 12)
    """

    def __init__(self) -> None:
        self.inputs = self.batches = self.left_out = 0
        self._names: tuple[tuple[str, ...], tuple[str, ...] | None] | None = None
        self._grams = Grams(), Grams()
        self._scales: list[float] = []  # of each layer in its first batch, the unit for later batches; 0 before it
        self._flat: list[str] = []  # reason, for layers whose features were equal for all inputs in every batch so far
        self._failed: list[str] = []  # reason, for layers without a kernel in some batch
        self._biased = self._debiased = np.zeros((0, 0))

    def add(self, a: Features, b: Features | None = None) -> None:
        """Add a batch. Raises Problem if its layers differ from those of the first batch, or from each other in their number of inputs."""
        names = (tuple(a), None if b is None else tuple(b))
        if not a or (b is not None and not b):
            raise Problem("There is no layer to compare.")
        if self._names is None:
            count = len(names[0]) + len(names[1] or ())
            self._names, self._scales, self._flat, self._failed = names, [0.0] * count, [""] * count, [""] * count
            self._biased = self._debiased = np.zeros((count, count))
        if names != self._names:
            raise Problem(f"The layers of every batch must be the same; the first had {self._names}, this one has {names}.")
        networks = [list(features.items()) for features in (a, b) if features is not None]
        layers = [layer for network in networks for layer in network]
        sizes = {features.shape[0] for _, features in layers}
        if min(sizes) < MIN_DEBIASED:
            self.left_out += 1
            return
        if len(sizes) > 1:
            _check_inputs([(name, len(features)) for name, features in layers])
        kernels = [grams.of(network) for grams, network in zip(self._grams, networks, strict=False)]
        factors = np.zeros(len(layers))
        parts = ((kernel.scales, kernel.reasons, kernel.flat) for kernel in kernels)
        scales, reasons, flats = (list(chain.from_iterable(part)) for part in zip(*parts, strict=True))
        for place, (scale, reason, flat) in enumerate(zip(scales, reasons, flats, strict=True)):
            self._scales[place] = self._scales[place] or (0.0 if reason else scale)
            if not reason and scale / self._scales[place] > MAX_RATIO:
                ratio = scale / self._scales[place]
                reason = f"layer {layers[place][0]} cannot be compared: it is {ratio:.0e} times as large as in the first batch"
            self._flat[place] = reason if flat and (self._flat[place] or not self.batches) else ""
            if reason and not flat:
                self._failed[place] = self._failed[place] or f"{reason}, in batch {self.batches + self.left_out + 1}"
            factors[place] = 0.0 if reason else (scale / self._scales[place]) ** 2
        hsic = sums_of(*kernels).times(factors)
        self._biased, self._debiased = self._biased + hsic.biased(), self._debiased + hsic.debiased()
        self.inputs, self.batches = self.inputs + hsic.n, self.batches + 1

    def alignment(self) -> Alignment:
        """The CKA over all batches so far. Raises Problem if there was no batch of four or more inputs."""
        if self._names is None or not self.batches:
            raise Problem(f"No batch had four or more inputs; {counted(self.left_out, 'smaller batch')} left out.")
        rows, columns = self._names[0], self._names[1] or self._names[0]
        reasons = [failed or flat for failed, flat in zip(self._failed, self._flat, strict=True)]
        return _alignment(rows, columns, self._biased, self._debiased, reasons, self.inputs)


def _check_inputs(inputs: Sequence[tuple[str, int]]) -> None:
    if len({n for _, n in inputs}) > 1:
        numbers = ", ".join(f"{name} {n}" for name, n in inputs)
        raise Problem(f"All layers must have the same inputs, but their numbers differ: {numbers}.")


def _pairs(counts: Sequence[int], requested: PairMask | None = None) -> PairMask:
    """Which pairs of layers are requested, `[l, l]`, given the numbers of layers of one network or of two: pairs within the one network, or
    pairs of the first with the second.
    """
    rows, total = counts[0], sum(counts)
    pairs = np.zeros((total, total), dtype=bool)
    pairs[:rows, total - counts[-1] :] = True if requested is None else requested
    return pairs


def _alignment(
    rows: tuple[str, ...], columns: tuple[str, ...], biased: Values, debiased: Values | None, reasons: Sequence[str], n: int
) -> Alignment:
    """The alignment of rows with columns, of HSIC `[l, l]` of all layers: rows, followed by columns if these are other layers."""
    two, bad = len(biased) > len(rows), np.array([bool(reason) for reason in reasons])
    if debiased is None:
        debiased = np.full_like(biased, np.nan)
        debiased_reasons = [f"a debiased CKA needs four inputs, and there are {n}"] * len(reasons)
    else:
        own = zip((*rows, *columns) if two else rows, np.diagonal(debiased), strict=True)
        debiased_reasons = [
            "" if value > 0 else f"layer {name} has no debiased HSIC above 0: its inputs do not differ beyond chance" for name, value in own
        ]
    first = slice(0, len(rows))
    second = slice(len(rows), None) if two else first

    def by_side(reasons: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
        return _by_name(rows, reasons[first]), _by_name(columns, reasons[second])

    biased, debiased = (aligned(np.where(bad[:, None] | bad[None], np.nan, hsic))[first, second] for hsic in (biased, debiased))
    return Alignment(rows, columns, biased, debiased, by_side(reasons), by_side(debiased_reasons))


def _by_name(names: Sequence[str], reasons: Sequence[str]) -> dict[str, str]:
    return {name: reason for name, reason in zip(names, reasons, strict=True) if reason}
