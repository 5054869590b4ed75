"""Where training stands, as flat arrays by name and a few facts, and back, to the last bit. No pickle."""

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
    """Keeps one checkpoint: arrays by name and a few facts. A run is one."""

    def load_checkpoint(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The last checkpoint, or None."""
        ...

    def save_checkpoint(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Replaces the last checkpoint, atomically."""
        ...


class NullStore:
    """Keeps no checkpoint, for training that is over in a moment."""

    def load_checkpoint(self) -> None:
        """There is none."""

    def save_checkpoint(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Does nothing."""


@dataclass
class TrainState:
    """How far training has come, and what it has measured since the last record: the facts of a checkpoint.

    phase: the name of the phase that the last step belonged to. best: the merit of the best weights. counts: of steps, added up.
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
        """The state that a checkpoint's facts describe."""
        state = cls(**facts)
        state.best = tuple(facts["best"]) if facts["best"] else None  # JSON made a list of it
        return state


def pack(module: nn.Module, optimizer: torch.optim.Optimizer, best: Mapping[str, Tensor], readings: Readings) -> dict[str, Any]:
    """Everything training needs to go on, as numpy arrays: `now/…`, `best/…` and `optimizer/index/…`; `readings`, the letters of JSON."""
    tensors = {f"now/{name}": tensor for name, tensor in module.state_dict().items()}
    tensors |= {f"best/{name}": tensor for name, tensor in best.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{name}": torch.as_tensor(value) for name, value in state.items() if value is not None}
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    return arrays | ({"readings": np.frombuffer(json.dumps(readings).encode(), dtype=np.uint8)} if any(readings.values()) else {})


def unpack_readings(arrays: Mapping[str, Any], probes: Iterable[str]) -> Readings:
    """What these probes had read since the last record. Not among the facts of a checkpoint, whose length the file's format bounds."""
    readings: Readings = json.loads(bytes(arrays["readings"])) if "readings" in arrays else {}
    return {name: readings.get(name, []) for name in probes}


def under(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays whose names begin so, by the rest of their names.

    >>> under("now/", {"now/bias": 1, "best/bias": 2})
    {'bias': 1}
    """
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def restore(arrays: Mapping[str, Any], module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Puts weights and optimiser state back in place; returns the best weights so far."""
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    module.load_state_dict(under("now/", tensors))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in under("optimizer/", tensors).items():
        index, _, key = name.partition("/")
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return under("best/", tensors)
