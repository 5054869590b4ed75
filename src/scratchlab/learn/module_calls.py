"""Records every module call in one step of a network: ranges of its inputs, outputs and gradients, not the values themselves."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from scratchlab.models.interface import Encoder

Event = Literal["begins", "ends"]  # of a call


@dataclass(frozen=True)
class BatchAxis:
    """Which axis of a tensor holds the batch's `n` inputs: `axis` if its size fits, else the first axis whose size fits.

    repeats: a module may receive the whole batch up to `repeats` times, one copy after another along this axis.
    """

    n: int
    axis: int | None = None
    repeats: int = 1

    def marked_inputs(self, marks: Tensor) -> tuple[int, ...]:
        """Positions of the inputs with any True in `marks` `[...]`; empty if no axis holds the inputs."""
        fitting = [axis for axis, size in enumerate(marks.shape) if size in (self.n, self.n * self.repeats)]
        if not fitting:
            return ()
        chosen = self.axis if self.axis in fitting else fitting[0]
        by_input = marks.movedim(chosen, 0).reshape(-1, self.n, marks.numel() // marks.shape[chosen]).any(2).any(0)
        return tuple(position for position in range(self.n) if by_input[position])


@dataclass(frozen=True)
class Range:
    """Shape of a tensor, range of its finite values (None if it has none), and fraction of values that are not finite.

    inputs: positions in the batch with values that are not finite, where an axis of the tensor holds the inputs.
    """

    shape: tuple[int, ...]
    low: float | None
    high: float | None
    not_finite: float
    inputs: tuple[int, ...] = ()

    @classmethod
    def of(cls, tensor: Tensor, batch_axis: BatchAxis | None = None) -> Range:
        """The range of a floating-point tensor."""
        values = tensor.detach()
        finite = values.isfinite()
        good = values if finite.all() else values[finite]  # indexing copies, so it is done only where needed
        bad_inputs = batch_axis.marked_inputs(~finite) if batch_axis and good.numel() < values.numel() else ()
        low, high = (float(good.min()), float(good.max())) if good.numel() else (None, None)
        return cls(tuple(values.shape), low, high, 1 - good.numel() / max(1, values.numel()), bad_inputs)

    def facts(self) -> dict[str, Any]:
        """The range as a JSON-compatible dictionary."""
        largest = None if self.low is None or self.high is None else max(abs(self.low), abs(self.high))
        return {"shape": list(self.shape), "min": self.low, "max": self.high, "absmax": largest, "not_finite": self.not_finite}


@dataclass(eq=False)
class Call:
    """One call of a module: ranges of its inputs and outputs, and of the gradients with respect to each.

    layer: dotted name of the module. kind: its class. parent: the call during which this one happened.
    """

    layer: str
    kind: str
    parent: Call | None
    inputs: list[Range] = field(default_factory=list[Range])
    outputs: list[Range] = field(default_factory=list[Range])
    output_gradients: list[Range] = field(default_factory=list[Range])
    input_gradients: list[Range] = field(default_factory=list[Range])

    def ancestors(self) -> Iterator[Call]:
        """The calls that enclose this one, innermost first."""
        call = self.parent
        while call is not None:
            yield call
            call = call.parent


def all_finite(ranges: Iterable[Range]) -> bool:
    """Whether all values of all these tensors are finite."""
    return all(values.not_finite == 0 for values in ranges)


@contextlib.contextmanager
def record_calls(module: nn.Module, n: int) -> Generator[list[tuple[Call, Event]]]:
    """While open, lists the calls of `module` and its submodules: each once when it begins and once when it ends.

    Ranges are taken immediately, so modules may modify their inputs in place. n: number of inputs in the batch.
    """
    events: list[tuple[Call, Event]] = []
    stack: list[tuple[Call, BatchAxis]] = []  # open calls, and the batch axis inside each

    def begin(name: str, submodule: nn.Module, arguments: Any, keywords: Any) -> None:
        parent, axis = stack[-1] if stack else (None, BatchAxis(n))
        call = Call(name or type(submodule).__name__, type(submodule).__name__, parent)
        _record_ranges((arguments, keywords), call.inputs, call.input_gradients, axis)
        inner = BatchAxis(n, submodule.inputs_axis, max(axis.repeats, submodule.repeats)) if isinstance(submodule, Encoder) else axis
        stack.append((call, inner))
        events.append((call, "begins"))

    def end(submodule: nn.Module, arguments: Any, output: Any) -> None:
        call, _ = stack.pop()
        _record_ranges(output, call.outputs, call.output_gradients, stack[-1][1] if stack else BatchAxis(n))
        events.append((call, "ends"))

    with contextlib.ExitStack() as hooks:
        for name, submodule in cast("Iterator[tuple[str, nn.Module]]", module.named_modules()):
            hooks.callback(submodule.register_forward_pre_hook(functools.partial(begin, name), with_kwargs=True).remove)
            hooks.callback(submodule.register_forward_hook(end).remove)
        yield events


def _record_ranges(values: object, ranges: list[Range], gradient_ranges: list[Range], axis: BatchAxis) -> None:
    """Adds the ranges of these values now, and those of their gradients during the backward pass."""

    def record_gradient(gradient: Tensor) -> None:
        gradient_ranges.append(Range.of(gradient, axis))

    for tensor in float_tensors(values):
        ranges.append(Range.of(tensor, axis))
        if tensor.requires_grad:
            cast(Any, tensor).register_hook(record_gradient)


def float_tensors(value: object) -> Iterator[Tensor]:
    """The floating-point tensors in a module's inputs or output: alone, in collections, or in dataclasses such as Batch and Embeddings."""
    if isinstance(value, np.ndarray):
        value = torch.as_tensor(cast(Any, value))
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, Mapping):
        for item in cast("Mapping[Any, object]", value).values():
            yield from float_tensors(item)
    elif isinstance(value, (tuple, list)):
        for item in cast("Iterable[object]", value):
            yield from float_tensors(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for attribute in dataclasses.fields(value):
            yield from float_tensors(getattr(value, attribute.name))
