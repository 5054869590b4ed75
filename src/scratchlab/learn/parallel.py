"""Data-parallel training: joining the processes that torchrun starts, and the collective operations that training needs.

Each process iterates over the same batches; of each batch, process r of w takes the inputs r, r + w, r + 2w, … Gradients are summed over
the processes in one flat tensor, so that methods may train any subset of parameters, in any number of networks, without a wrapper.
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
    """Joins the process group that torchrun's environment variables describe; does nothing in a single process."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield
        return
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """Rank of this process; rank 0 writes all files."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """Number of processes that train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def sum_gradients(parameters: list[torch.nn.Parameter]) -> None:
    """Replaces each gradient by its sum over all processes; a missing gradient counts as zero."""
    if world_size() == 1:
        return
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    parts = cast("tuple[Tensor, ...]", flat.split([p.numel() for p in parameters]))
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.grad = part.view_as(parameter)


def sum_over_processes(values: Tensor) -> Tensor:
    """The sum of a small tensor over all processes (modified in place)."""
    if world_size() > 1:
        dist.all_reduce(values)
    return values


def gather_objects(value: T) -> list[T]:
    """The values of all processes, in order of rank."""
    values = [value] * world_size()
    if world_size() > 1:
        dist.all_gather_object(values, value)
    return values


def gather(values: Tensor) -> Tensor:
    """Values `[n, ...]` of each process -> the values of all processes, in the order of the batch.

    In the backward pass, each value's gradient is summed over all processes and returned to the process it came from; so all processes
    must run the backward pass.
    """
    return values if world_size() == 1 else cast(Tensor, _Gather.apply(values))


class _Gather(torch.autograd.Function):
    """Gathers values of all processes; backward, sums their gradients over processes and returns to each process those of its values."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        counts = values.new_zeros(world_size(), dtype=torch.long)
        counts[rank()] = len(values)
        longest = int(sum_over_processes(counts).max())
        padded = values.new_zeros(longest, *values.shape[1:])
        padded[: len(values)] = values
        parts = [torch.empty_like(padded) for _ in range(world_size())]
        dist.all_gather(parts, padded)
        return torch.stack(parts, 1)[torch.arange(longest, device=counts.device)[:, None] < counts]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """`[all, ...]` -> `[n, ...]`."""
        return sum_over_processes(grad.contiguous().clone())[rank() :: world_size()]


def broadcast(text: str) -> str:
    """The text of the first process, in all processes."""
    objects = [text]
    if world_size() > 1:
        dist.broadcast_object_list(objects)
    return objects[0]
