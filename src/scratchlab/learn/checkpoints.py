"""Weights, optimiser state, best weights and readings as flat arrays by name, and back, to the last bit. No pickle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

Readings = dict[str, list[dict[str, Any]]]


def packed(module: nn.Module, optimizer: torch.optim.Optimizer, best: Mapping[str, Tensor], read: Readings) -> dict[str, Any]:
    """Everything training needs to go on, as numpy arrays: `now/…`, `best/…` and `optimizer/index/…`; `read`, the letters of JSON."""
    arrays = {f"now/{name}": tensor for name, tensor in module.state_dict().items()}
    arrays |= {f"best/{name}": tensor for name, tensor in best.items()}
    for index, state in optimizer.state_dict()["state"].items():
        arrays |= {f"optimizer/{index}/{name}": torch.as_tensor(value) for name, value in state.items() if value is not None}
    made = {name: tensor.detach().cpu().numpy() for name, tensor in arrays.items()}
    return made | ({"read": np.frombuffer(json.dumps(read).encode(), dtype=np.uint8)} if any(read.values()) else {})


def readings(arrays: Mapping[str, Any], probes: Iterable[str]) -> Readings:
    """What these probes had read since the last record. Not among the facts of a checkpoint, whose length the file's format bounds."""
    read: Readings = json.loads(bytes(arrays["read"])) if "read" in arrays else {}
    return {name: read.get(name, []) for name in probes}


def restore(arrays: Mapping[str, Any], module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Puts weights and optimiser state back in place; returns the best weights so far."""

    def under(prefix: str) -> dict[str, Tensor]:
        return {name.removeprefix(prefix): torch.from_numpy(np.array(array)) for name, array in arrays.items() if name.startswith(prefix)}

    module.load_state_dict(under("now/"))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in under("optimizer/").items():
        index, _, key = name.partition("/")
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return under("best/")
