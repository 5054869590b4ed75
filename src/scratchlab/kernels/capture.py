"""Captures the outputs of a network's layers by forward hooks. Outputs are copied, so that later in-place operations do not change them."""

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


def layers_of(network: nn.Module, patterns: Iterable[str] = ()) -> tuple[str, ...]:
    """Names of the network's layers, in its order: modules that match one of `patterns` (with `*` as wildcard), or, without patterns, its
    direct children, where containers are replaced by their contents. Raises Problem for a pattern that matches nothing.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))
    >>> layers_of(net), layers_of(net, ["1.*"]), layers_of(net, ["0", "1"])
    (('0', '1.0', '1.1'), ('1.0', '1.1'), ('0', '1'))
    """
    names = [name for name in _modules(network) if name]
    patterns = list(patterns)
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise Problem(f"No layer matches '{pattern}'; the network has: {listing(names)}.{nearest(pattern, names)}")
    if patterns:
        return tuple(name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns))
    children = tuple(_children(network, ""))
    if not children:
        raise Problem(f"The network is a single {type(network).__name__} without children; wrap it in nn.Sequential to capture its output.")
    return children


def _modules(network: nn.Module) -> dict[str, nn.Module]:
    """Every module by its dotted name; the network itself has the empty name."""
    return dict(cast("Iterable[tuple[str, nn.Module]]", network.named_modules()))


def _children(module: nn.Module, prefix: str) -> Generator[str]:
    for name, child in module.named_children():
        if isinstance(child, (nn.Sequential, nn.ModuleList)) and len(child):
            yield from _children(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


@contextlib.contextmanager
def captured(network: nn.Module, layers: Iterable[str]) -> Generator[dict[str, Tensor]]:
    """Context that yields a dict, filled with the output `[n, ...]` of each layer's latest call, by name.

    Inside it, the network is in evaluation mode, without gradients; on exit, modes, hooks and random number generators are restored.
    Raises Problem if a layer returns no floating-point tensor.
    """
    outputs: dict[str, Tensor] = {}
    modules = _modules(network)

    def keep(name: str, module: nn.Module, args: Any, output: Any) -> None:
        outputs[name] = _first(name, output).detach().clone()

    modes = [(module, module.training) for module in network.modules()]
    devices = sorted({parameter.device.index or 0 for parameter in network.parameters() if parameter.device.type == "cuda"})
    with contextlib.ExitStack() as undo, torch.random.fork_rng(devices), torch.no_grad():
        for name in layers:
            undo.callback(modules[name].register_forward_hook(functools.partial(keep, name)).remove)
        undo.callback(_restore, modes)
        network.eval()
        yield outputs


def _restore(modes: list[tuple[nn.Module, bool]]) -> None:
    for module, training in modes:
        module.training = training


def _first(name: str, output: object) -> Tensor:
    """The first floating-point tensor in the output of layer `name`."""
    if isinstance(output, Tensor):
        if output.is_floating_point() and output.ndim:
            return output
    elif isinstance(output, Mapping):
        return _first(name, list(cast("Mapping[Any, object]", output).values()))
    elif dataclasses.is_dataclass(output) and not isinstance(output, type):
        return _first(name, [getattr(output, part.name) for part in dataclasses.fields(output)])
    elif isinstance(output, (tuple, list)):
        for part in cast("Iterable[object]", output):
            with contextlib.suppress(Problem):
                return _first(name, part)
    raise Problem(f"The layer {name} returns no floating-point tensor, so it has no kernel; name other layers.")
