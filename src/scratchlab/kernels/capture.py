"""What the layers of a network make of inputs, taken while it computes: copies, so that whoever writes over them later changes nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import functools
from collections.abc import Generator, Iterable, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from scratchlab.checks import Problem, listing, nearest


def layers_of(network: nn.Module, wanted: Iterable[str] = ()) -> tuple[str, ...]:
    """Names of modules: those that match a pattern of `wanted` (`*` stands for anything), or the network's own children, with
    containers opened. In the order of the network. Raises Problem for a pattern that matches nothing.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))
    >>> layers_of(net), layers_of(net, ["1.*"]), layers_of(net, ["0", "1"])
    (('0', '1.0', '1.1'), ('1.0', '1.1'), ('0', '1'))
    """
    names = [name for name in _modules(network) if name]
    patterns = list(wanted)
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise Problem(f"No layer matches '{pattern}'; the network has: {listing(names)}.{nearest(pattern, names)}")
    if patterns:
        return tuple(name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns))
    found = tuple(_children(network, ""))
    if not found:
        raise Problem(f"The network is a single {type(network).__name__} without parts; put it into nn.Sequential to read its layer.")
    return found


def _modules(network: nn.Module) -> dict[str, nn.Module]:
    """Every module by its dotted name, the network itself by the empty one."""
    return dict(cast("Iterable[tuple[str, nn.Module]]", network.named_modules()))


def _children(module: nn.Module, prefix: str) -> Generator[str]:
    for name, child in module.named_children():
        if isinstance(child, (nn.Sequential, nn.ModuleList)) and len(child):
            yield from _children(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


@contextlib.contextmanager
def captured(network: nn.Module, layers: Iterable[str]) -> Generator[dict[str, Tensor]]:
    """While open, the features `[n, ...]` of these layers from the last call of each, by name.

    Inside, the network is in evaluation, without gradients; afterwards every module is in the mode it was in, and hooks and random
    numbers are as before. Raises Problem where a layer makes no tensor.
    """
    found: dict[str, Tensor] = {}
    modules = _modules(network)

    def keep(name: str, module: nn.Module, given: Any, made: Any) -> None:
        found[name] = _first(name, made).detach().clone()

    modes = [(module, module.training) for module in network.modules()]
    devices = sorted({parameter.device.index or 0 for parameter in network.parameters() if parameter.device.type == "cuda"})
    with contextlib.ExitStack() as undo, torch.random.fork_rng(devices), torch.no_grad():
        for name in layers:
            undo.callback(modules[name].register_forward_hook(functools.partial(keep, name)).remove)
        undo.callback(_restore, modes)
        network.eval()
        yield found


def _restore(modes: list[tuple[nn.Module, bool]]) -> None:
    for module, training in modes:
        module.training = training


def _first(name: str, made: object) -> Tensor:
    """The first tensor of floats in what a layer made."""
    if isinstance(made, Tensor):
        if made.is_floating_point() and made.ndim:
            return made
    elif isinstance(made, Mapping):
        return _first(name, list(cast("Mapping[Any, object]", made).values()))
    elif dataclasses.is_dataclass(made) and not isinstance(made, type):
        return _first(name, [getattr(made, part.name) for part in dataclasses.fields(made)])
    elif isinstance(made, (tuple, list)):
        for one in cast("Iterable[object]", made):
            with contextlib.suppress(Problem):
                return _first(name, one)
    raise Problem(f"The layer {name} makes no tensor of floats, so it has no kernel; name other layers.")
