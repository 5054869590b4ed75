"""The kernels of a network's layers while it learns: how far they are aligned with the labels, with each other, and with how they began.

In any training loop::

    kernels = Kernels(network, {"valid": (inputs, labels)})
    for epoch in range(epochs):
        ...
        kernels.read(epoch=epoch)
    kernels.table().write_parquet("kernels.parquet")

What is observed changes nothing of what is learned: readings are without gradients, in evaluation, and leave random numbers as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.kernels.alignment import Alignment, alignment
from scratchlab.kernels.capture import captured, layers_of
from scratchlab.kernels.layers import width
from scratchlab.kernels.products import kernels_fit
from scratchlab.kernels.ready import Ready, ready
from scratchlab.kernels.target import checked, ready_to_target
from scratchlab.metrics.estimate import Estimate

Set = tuple[Tensor, npt.ArrayLike]  # inputs `[n, ...]` and labels `[n]`
Forward = Callable[[nn.Module, Tensor], object]
AVERAGE = "average"
SCHEMA = {
    "set": pl.String,
    "kind": pl.String,
    "layer": pl.String,
    "other": pl.String,
    "biased": pl.Float64,
    "debiased": pl.Float64,
    "why": pl.String,
}


def called(network: nn.Module, inputs: Tensor) -> object:
    """The usual way: the network of the inputs."""
    return network(inputs)


class Kernels:
    """Reads kernels of one network, or of several by name on the same inputs, and keeps what it read.

    sets: by name ("train", "valid"), fixed inputs `[n, ...]` and their labels `[n]`. layers: names or patterns of modules; without
    any, the network's children that are called. forward: how the network is called. batch: inputs at a time.
    start, between: whether each layer is compared with how it began, and with every other.
    axis: along which inputs lie in what a layer makes; where that has not their number, the first that has.
    """

    def __init__(
        self,
        network: nn.Module | Mapping[str, nn.Module],
        sets: Mapping[str, Set],
        *,
        layers: Sequence[str] = (),
        forward: Forward = called,
        batch: int = 256,
        start: bool = True,
        between: bool = True,
        axis: int = 0,
    ) -> None:
        self.networks = {"": network} if isinstance(network, nn.Module) else dict(network)
        self.layers = {name: layers_of(one, layers) for name, one in self.networks.items()}
        self.sets = {name: (inputs, np.asarray(labels)) for name, (inputs, labels) in sets.items()}
        for name, (inputs, labels) in self.sets.items():
            if len(inputs) != len(labels):
                raise Problem(f"The set {name} has {len(inputs)} inputs and {len(labels)} labels.")
            checked(labels)
        self.forward, self.batch, self.between, self.axis = forward, batch, between, axis
        self.rows: list[dict[str, Any]] = []
        if not layers:
            self._leave_out_what_is_not_called()
        self._start, self._by_kernels = start, dict[str, bool]()
        self._began = {name: self._ready(name) for name in self.sets} if start else {}

    def features(self, which: str) -> dict[str, Tensor]:
        """Of every layer of every network, `[n, ...]`, for one of the sets; each batch of inputs goes through all networks in turn."""
        parts: dict[str, list[Tensor]] = {}
        for inputs in cast("tuple[Tensor, ...]", self.sets[which][0].split(self.batch)):
            for name, network in self.networks.items():
                with captured(network, self.layers[name]) as found:
                    self.forward(network, inputs)
                for module in self.layers[name]:
                    if module not in found:
                        raise Problem(f"The layer {module} was never called; name others in `layers`.")
                    made = self._inputs_first(module, found[module], len(inputs))
                    parts.setdefault(f"{name}.{module}" if name else module, []).append(made)
        return {name: several[0] if len(several) == 1 else torch.cat(several) for name, several in parts.items()}

    def _inputs_first(self, layer: str, made: Tensor, n: int) -> Tensor:
        """What a layer made of n inputs, with these along the first axis."""
        fitting = [axis for axis, size in enumerate(made.shape) if size == n]
        if not fitting:
            raise Problem(
                f"What the layer {layer} makes of {n} inputs, of shape {tuple(made.shape)}, does not tell them apart; name others."
            )
        return made.movedim(self.axis if self.axis in fitting else fitting[0], 0)

    def _leave_out_what_is_not_called(self) -> None:
        """Of layers that nobody named, keeps those that are called: some networks use the weights of a part without calling it."""
        inputs, _ = next(iter(self.sets.values()))
        for name, network in self.networks.items():
            with captured(network, self.layers[name]) as found:
                self.forward(network, inputs[: self.batch])
            self.layers[name] = tuple(layer for layer in self.layers[name] if layer in found)
            if not self.layers[name]:
                raise Problem("None of the network's parts is ever called as a whole; name layers in `layers`.")

    def read(self, **place: float) -> list[dict[str, Any]]:
        """One reading of all sets, its rows marked with `place` (epoch, step); they are kept as well."""
        rows = [place | row for name in self.sets for row in self._read(name)]
        self.rows += rows
        return rows

    def table(self) -> pl.DataFrame:
        """Everything read so far: a row for each set, kind and layer.

        kind "target": CKA with the labels, and its mean over the layers, as layer "average"; "start": with the same layer before the
        first reading; "layers": of each two. `why` says why a value is undefined.
        """
        return table(self.rows)

    def _read(self, which: str) -> list[dict[str, Any]]:
        layers = self._ready(which)
        targets, names = ready_to_target(layers, self.sets[which][1]), layers.names
        rows = [_row(which, "target", name, "", one.biased, one.debiased) for name, one in targets.items()]
        rows.append(_averaged(which, rows))
        if which in self._began:
            same = alignment(layers, self._began[which], np.eye(len(names), dtype=bool))
            rows += [_pair(which, "start", same, name, name) | {"other": ""} for name in names]
        if self.between:
            every = alignment(layers)
            rows += [_pair(which, "layers", every, one, other) for i, one in enumerate(names) for other in names[i + 1 :]]
        return rows

    def _ready(self, which: str) -> Ready:
        """The layers of a set, always by kernels or always by features: as is cheaper for all that they are compared with."""
        features = self.features(which)
        if which not in self._by_kernels:
            widths = [width(*one) for one in features.items()]
            each, both = len(widths), len(widths) * (1 + self._start)  # as the layers are, and as they began
            asked = np.zeros((both, both), dtype=bool)
            asked[:each, :each] = self.between
            asked[:each, each:] = np.eye(each, both - each, dtype=bool)
            self._by_kernels[which] = kernels_fit(len(self.sets[which][0]), widths * (1 + self._start), asked)
        return ready(features, kernels=self._by_kernels[which])


def table(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of readings as a table."""
    return pl.DataFrame(rows, schema_overrides=SCHEMA, infer_schema_length=None) if rows else pl.DataFrame(schema=SCHEMA)


def _pair(which: str, kind: str, found: Alignment, layer: str, other: str) -> dict[str, Any]:
    return _row(which, kind, layer, other, found.of(layer, other, debiased=False), found.of(layer, other))


def _row(which: str, kind: str, layer: str, other: str, biased: Estimate, debiased: Estimate) -> dict[str, Any]:
    why = debiased.how if debiased.value is None else ""
    return {"set": which, "kind": kind, "layer": layer, "other": other, "biased": biased.value, "debiased": debiased.value, "why": why}


def _averaged(which: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean over layers, where all of them are defined."""
    why = next((row["why"] for row in rows if row["why"]), "")
    means = {
        name: None if any(row[name] is None for row in rows) else float(np.mean([row[name] for row in rows]))
        for name in ("biased", "debiased")
    }
    return {"set": which, "kind": "target", "layer": AVERAGE, "other": "", **means, "why": why}
