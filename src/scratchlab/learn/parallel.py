"""Several processes, one result: what torchrun starts, and the two sums that training needs.

Every process walks through the same batches and takes every world-th input of each. Gradients are summed over the processes in one
flat tensor, so that methods may train any subset of parameters, in any number of networks, without a wrapper around them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor

T = TypeVar("T")


@contextlib.contextmanager
def processes() -> Generator[None]:
    """Joins the group that torchrun's environment variables describe; does nothing in a single process."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield
        return
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """Number of this process, 0 for the one that writes."""
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def sum_gradients(parameters: list[torch.nn.Parameter]) -> None:
    """Replaces each gradient by its sum over all processes; a process without one counts as zero."""
    if world() == 1:
        return
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    parts = cast("tuple[Tensor, ...]", flat.split([p.numel() for p in parameters]))
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.grad = part.view_as(parameter)


def summed(values: Tensor) -> Tensor:
    """The sum of a small tensor over all processes."""
    if world() > 1:
        dist.all_reduce(values)
    return values


def from_all(value: T) -> list[T]:
    """The values of all processes, in the order of their numbers."""
    values = [value] * world()
    if world() > 1:
        dist.all_gather_object(values, value)
    return values


def joined(values: Tensor) -> Tensor:
    """`[n, ...]` of each process -> those of all, in the order of the batch of which each took every world-th input.

    Gradients flow back to the process that each value came from, summed over all; every process must then go backwards.
    """
    return values if world() == 1 else cast(Tensor, _Joined.apply(values))


class _Joined(torch.autograd.Function):
    """Gathers values; backwards, sums the gradients of all processes, and each takes those of its own values."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        counts = values.new_zeros(world(), dtype=torch.long)
        counts[rank()] = len(values)
        most = int(summed(counts).max())
        padded = values.new_zeros(most, *values.shape[1:])
        padded[: len(values)] = values
        parts = [torch.empty_like(padded) for _ in range(world())]
        dist.all_gather(parts, padded)
        return torch.stack(parts, 1)[torch.arange(most, device=counts.device)[:, None] < counts]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """`[all, ...]` -> `[n, ...]`."""
        return summed(grad.contiguous().clone())[rank() :: world()]


def shared(text: str) -> str:
    """The text that the first process holds."""
    box = [text]
    if world() > 1:
        dist.broadcast_object_list(box)
    return box[0]
