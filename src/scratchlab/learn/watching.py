"""What every module of a network is given and makes in one step, and the gradients that come back through it: ranges, not values."""

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

Side = Literal["given", "made"]


@dataclass(frozen=True)
class Along:
    """Where a tensor tells a batch's `n` inputs apart: along `axis` if that has their number, else the first axis that has.

    repeats: how many times over a module may be given them, all once, then all again.
    """

    n: int
    axis: int | None = None
    repeats: int = 1

    def spoilt(self, bad: Tensor) -> tuple[int, ...]:
        """The inputs with any of these marks `[...]`; none where no axis tells them apart."""
        fitting = [place for place, size in enumerate(bad.shape) if size in (self.n, self.n * self.repeats)]
        if not fitting:
            return ()
        chosen = self.axis if self.axis in fitting else fitting[0]
        marks = bad.movedim(chosen, 0).reshape(-1, self.n, bad.numel() // bad.shape[chosen]).any(2).any(0)
        return tuple(place for place in range(self.n) if marks[place])


@dataclass(frozen=True)
class Range:
    """What is worth knowing of a tensor: the range of its finite values, None where there are none, and the share of the others.

    inputs: positions in the batch whose values are not all finite, as far as the tensor tells them apart.
    """

    shape: tuple[int, ...]
    low: float | None
    high: float | None
    not_finite: float
    inputs: tuple[int, ...] = ()

    @classmethod
    def of(cls, tensor: Tensor, along: Along | None = None) -> Range:
        """Of a tensor of floats."""
        values = tensor.detach()
        finite = values.isfinite()
        good = values if finite.all() else values[finite]  # a copy of everything only where it must be
        bad = along.spoilt(~finite) if along and good.numel() < values.numel() else ()
        low, high = (float(good.min()), float(good.max())) if good.numel() else (None, None)
        return cls(tuple(values.shape), low, high, 1 - good.numel() / max(1, values.numel()), bad)

    def facts(self) -> dict[str, Any]:
        """For a JSON file."""
        largest = None if self.low is None or self.high is None else max(abs(self.low), abs(self.high))
        return {"shape": list(self.shape), "min": self.low, "max": self.high, "absmax": largest, "not_finite": self.not_finite}


@dataclass(eq=False)
class Call:
    """One call of a module: what it was given and made; the gradients that arrived at its outputs and that it handed to its inputs."""

    layer: str
    kind: str
    within: Call | None
    given: list[Range] = field(default_factory=list[Range])
    made: list[Range] = field(default_factory=list[Range])
    arrived: list[Range] = field(default_factory=list[Range])
    handed: list[Range] = field(default_factory=list[Range])

    def enclosing(self) -> Iterator[Call]:
        """The calls in the midst of which this one happened, the nearest first."""
        call = self.within
        while call is not None:
            yield call
            call = call.within


def finite(ranges: Iterable[Range]) -> bool:
    """Whether all values of all these tensors are."""
    return all(one.not_finite == 0 for one in ranges)


@contextlib.contextmanager
def watching(module: nn.Module, n: int) -> Generator[list[tuple[Call, Side]]]:
    """While open, lists every call of a part of `module`: once when it begins, and once when it has made something.

    Ranges are taken at that very moment, so modules may write over what they were given. n: inputs in the step's batch.
    """
    events: list[tuple[Call, Side]] = []
    inside: list[tuple[Call, Along]] = []  # the calls under way, and how inputs are told apart in the midst of each

    def begins(name: str, part: nn.Module, given: Any, named: Any) -> None:
        within, along = inside[-1] if inside else (None, Along(n))
        call = Call(name or type(part).__name__, type(part).__name__, within)
        _note((given, named), call.given, call.handed, along)
        inside.append((call, Along(n, part.inputs_axis, max(along.repeats, part.repeats)) if isinstance(part, Encoder) else along))
        events.append((call, "given"))

    def ends(part: nn.Module, given: Any, made: Any) -> None:
        call, _ = inside.pop()
        _note(made, call.made, call.arrived, inside[-1][1] if inside else Along(n))
        events.append((call, "made"))

    with contextlib.ExitStack() as hooks:
        for name, part in cast("Iterator[tuple[str, nn.Module]]", module.named_modules()):
            hooks.callback(part.register_forward_pre_hook(functools.partial(begins, name), with_kwargs=True).remove)
            hooks.callback(part.register_forward_hook(ends).remove)
        yield events


def _note(values: object, now: list[Range], later: list[Range], along: Along) -> None:
    """Adds the ranges of these values now, and those of their gradients once these come."""

    def comes(gradient: Tensor) -> None:
        later.append(Range.of(gradient, along))

    for tensor in tensors(values):
        now.append(Range.of(tensor, along))
        if tensor.requires_grad:
            cast(Any, tensor).register_hook(comes)


def tensors(value: object) -> Iterator[Tensor]:
    """The tensors of floats in what modules hand on: alone, in collections, in dataclasses such as Batch and Embeddings."""
    if isinstance(value, np.ndarray):
        value = torch.as_tensor(cast(Any, value))
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, Mapping):
        for one in cast("Mapping[Any, object]", value).values():
            yield from tensors(one)
    elif isinstance(value, (tuple, list)):
        for one in cast("Iterable[object]", value):
            yield from tensors(one)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for part in dataclasses.fields(value):
            yield from tensors(getattr(value, part.name))
