"""Checkpoints: the state of a training as arrays by name and a few JSON-compatible facts, restored bit for bit. No pickle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

Readings = dict[str, list[dict[str, Any]]]


class CheckpointStore(Protocol):
    """Keeps one checkpoint: arrays by name and a few facts. `store.run.Run` is such a store."""

    def load_checkpoint(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The last checkpoint, or None."""
        ...

    def save_checkpoint(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Replaces the last checkpoint, atomically."""
        ...


class NullStore:
    """Keeps no checkpoint, for short trainings."""

    def load_checkpoint(self) -> None:
        """Returns None."""

    def save_checkpoint(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Does nothing."""


@dataclass
class TrainState:
    """Progress of a training, and its sums over the current epoch: the facts of a checkpoint.

    phase: name of the phase of the last step. best: selection score of the best weights. counts: sums of the steps' counts.
    """

    epoch: int = 0
    step: int = 0
    phase: str = ""
    loss_sum: float = 0.0
    inputs: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    best: tuple[float, float] | None = None
    counts: dict[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> TrainState:
        """The state from a checkpoint's facts."""
        state = cls(**facts)
        state.best = tuple(facts["best"]) if facts["best"] else None  # JSON has no tuples
        return state


def pack(module: nn.Module, optimizer: torch.optim.Optimizer, best: Mapping[str, Tensor], readings: Readings) -> dict[str, Any]:
    """All arrays needed to resume: weights `now/…` and `best/…`, optimiser state `optimizer/index/…`, and `readings` as JSON bytes."""
    tensors = {f"now/{name}": tensor for name, tensor in module.state_dict().items()}
    tensors |= {f"best/{name}": tensor for name, tensor in best.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{name}": torch.as_tensor(value) for name, value in state.items() if value is not None}
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    return arrays | ({"readings": np.frombuffer(json.dumps(readings).encode(), dtype=np.uint8)} if any(readings.values()) else {})


def unpack_readings(arrays: Mapping[str, Any], probes: Iterable[str]) -> Readings:
    """The readings of these probes since the last epoch's record. They are an array because the file format limits the size of facts."""
    readings: Readings = json.loads(bytes(arrays["readings"])) if "readings" in arrays else {}
    return {name: readings.get(name, []) for name in probes}


def with_prefix(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays whose names start with `prefix`, by the rest of their names.

    >>> with_prefix("now/", {"now/bias": 1, "best/bias": 2})
    {'bias': 1}
    """
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def restore(arrays: Mapping[str, Any], module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Loads weights and optimiser state into module and optimiser; returns the best weights so far."""
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    module.load_state_dict(with_prefix("now/", tensors))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in with_prefix("optimizer/", tensors).items():
        index, _, key = name.partition("/")
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return with_prefix("best/", tensors)
