"""CKA of a network's layers during training: with the labels, with each other, and with their state before training.

In any training loop::

    kernels = Kernels(network, {"valid": (inputs, labels)})
    for epoch in range(epochs):
        ...
        kernels.read(epoch=epoch)
    kernels.table().write_parquet("kernels.parquet")

Readings do not influence training: they run without gradients, in evaluation mode, and restore the state of random generators.
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


def call_network(network: nn.Module, inputs: Tensor) -> object:
    """The network's output for the inputs: the default way to call a network."""
    return network(inputs)


class Kernels:
    """Reads the CKA of the layers of one network, or of several networks (by name) on the same inputs, and stores the readings.

    sets: fixed inputs `[n, ...]` and their labels `[n]`, by name ("train", "valid"). layers: names or patterns of modules; by default, the
    network's children that are called. forward: calls the network on a batch. batch: number of inputs per call. start: whether each layer
    is compared with its state when this object was created. between: whether layers are compared with each other. axis: the axis of a
    layer's output that holds the inputs; if its size does not fit, the first axis whose size does.
    """

    def __init__(
        self,
        network: nn.Module | Mapping[str, nn.Module],
        sets: Mapping[str, Set],
        *,
        layers: Sequence[str] = (),
        forward: Forward = call_network,
        batch: int = 256,
        start: bool = True,
        between: bool = True,
        axis: int = 0,
    ) -> None:
        self.networks = {"": network} if isinstance(network, nn.Module) else dict(network)
        self.layers = {name: layers_of(module, layers) for name, module in self.networks.items()}
        self.sets = {name: (inputs, np.asarray(labels)) for name, (inputs, labels) in sets.items()}
        for name, (inputs, labels) in self.sets.items():
            if len(inputs) != len(labels):
                raise Problem(f"The set {name} has {len(inputs)} inputs and {len(labels)} labels; it needs one label per input.")
            checked(labels)
        self.forward, self.batch, self.between, self.axis = forward, batch, between, axis
        self.rows: list[dict[str, Any]] = []
        if not layers:
            self._keep_called_layers()
        self._start, self._by_kernels = start, dict[str, bool]()
        self._initial = {name: self._ready(name) for name in self.sets} if start else {}

    def features(self, set_name: str) -> dict[str, Tensor]:
        """The features `[n, ...]` of every layer of every network, for one of the sets."""
        parts: dict[str, list[Tensor]] = {}
        for inputs in cast("tuple[Tensor, ...]", self.sets[set_name][0].split(self.batch)):
            for name, network in self.networks.items():
                with captured(network, self.layers[name]) as outputs:
                    self.forward(network, inputs)
                for module in self.layers[name]:
                    if module not in outputs:
                        raise Problem(f"The layer {module} was never called; name other layers in `layers`.")
                    output = self._inputs_first(module, outputs[module], len(inputs))
                    parts.setdefault(f"{name}.{module}" if name else module, []).append(output)
        return {name: batches[0] if len(batches) == 1 else torch.cat(batches) for name, batches in parts.items()}

    def _inputs_first(self, layer: str, output: Tensor, n: int) -> Tensor:
        """A layer's output for n inputs, with the inputs along the first axis."""
        fitting = [axis for axis, size in enumerate(output.shape) if size == n]
        if not fitting:
            raise Problem(
                f"The output of layer {layer} for {n} inputs has shape {tuple(output.shape)}, without an axis of size {n}; "
                "name other layers in `layers`."
            )
        return output.movedim(self.axis if self.axis in fitting else fitting[0], 0)

    def _keep_called_layers(self) -> None:
        """Keeps only layers that are called; some networks use the weights of a submodule without calling it."""
        inputs, _ = next(iter(self.sets.values()))
        for name, network in self.networks.items():
            with captured(network, self.layers[name]) as outputs:
                self.forward(network, inputs[: self.batch])
            self.layers[name] = tuple(layer for layer in self.layers[name] if layer in outputs)
            if not self.layers[name]:
                raise Problem("None of the network's children is ever called; name layers in `layers`.")

    def read(self, **position: float) -> list[dict[str, Any]]:
        """Takes one reading of all sets, stores its rows and returns them; each row also has the columns of `position` (epoch, step)."""
        rows = [position | row for name in self.sets for row in self._read(name)]
        self.rows += rows
        return rows

    def table(self) -> pl.DataFrame:
        """All readings so far: a row for each set, kind and layer.

        kind "target": CKA with the labels, and its mean over the layers as layer "average"; "start": CKA with the same layer when this
        object was created; "layers": CKA of each pair of layers. `why`: reason why a value is undefined.
        """
        return table(self.rows)

    def _read(self, set_name: str) -> list[dict[str, Any]]:
        layers = self._ready(set_name)
        targets, names = ready_to_target(layers, self.sets[set_name][1]), layers.names
        rows = [_row(set_name, "target", name, "", cka.biased, cka.debiased) for name, cka in targets.items()]
        rows.append(_average_row(set_name, rows))
        if set_name in self._initial:
            with_initial = alignment(layers, self._initial[set_name], np.eye(len(names), dtype=bool))
            rows += [_pair_row(set_name, "start", with_initial, name, name) | {"other": ""} for name in names]
        if self.between:
            pairwise = alignment(layers)
            rows += [_pair_row(set_name, "layers", pairwise, first, second) for i, first in enumerate(names) for second in names[i + 1 :]]
        return rows

    def _ready(self, set_name: str) -> Ready:
        """The layers of a set, prepared for all comparisons: as kernels or as features, whichever is cheaper for all of them together."""
        features = self.features(set_name)
        if set_name not in self._by_kernels:
            widths = [width(*layer) for layer in features.items()]
            n, total = len(widths), len(widths) * (1 + self._start)  # present layers, and present plus initial layers
            pairs = np.zeros((total, total), dtype=bool)
            pairs[:n, :n] = self.between
            pairs[:n, n:] = np.eye(n, total - n, dtype=bool)
            self._by_kernels[set_name] = kernels_fit(len(self.sets[set_name][0]), widths * (1 + self._start), pairs)
        return ready(features, kernels=self._by_kernels[set_name])


def table(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The rows of readings as a table."""
    return pl.DataFrame(rows, schema_overrides=SCHEMA, infer_schema_length=None) if rows else pl.DataFrame(schema=SCHEMA)


def _pair_row(set_name: str, kind: str, cka: Alignment, layer: str, other: str) -> dict[str, Any]:
    return _row(set_name, kind, layer, other, cka.of(layer, other, debiased=False), cka.of(layer, other))


def _row(set_name: str, kind: str, layer: str, other: str, biased: Estimate, debiased: Estimate) -> dict[str, Any]:
    why = debiased.how if debiased.value is None else ""
    return {"set": set_name, "kind": kind, "layer": layer, "other": other, "biased": biased.value, "debiased": debiased.value, "why": why}


def _average_row(set_name: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean over layers; undefined if any of them is."""
    why = next((row["why"] for row in rows if row["why"]), "")
    means = {
        name: None if any(row[name] is None for row in rows) else float(np.mean([row[name] for row in rows]))
        for name in ("biased", "debiased")
    }
    return {"set": set_name, "kind": "target", "layer": AVERAGE, "other": "", **means, "why": why}
