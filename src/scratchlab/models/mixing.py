"""Manifold mixup: hidden representations mixed half-way through the encoder (Verma et al., arXiv 1806.05236, section 2)."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

import torch
from torch import Tensor, nn

from scratchlab.models.interface import Encoder


@contextlib.contextmanager
def mixed(encoder: Encoder, permutation: Tensor, weight: Tensor) -> Generator[None]:
    """Context in which the encoder replaces the hidden representation h_i of input i by weight_i · h_i + (1 - weight_i) · h_permutation(i).

    permutation: `[n]` indices; weight: `[n]` in [0, 1]. Gradients flow to both inputs. If lengths differ, call the encoder with
    `maximum(lengths, lengths[permutation])`: the shorter input then counts as followed by silence. Every batch given to the encoder inside
    the context is mixed, so no other thread may use it there.
    """

    def mix(module: nn.Module, args: Any, h: Tensor) -> Tensor:
        shape = [1] * h.ndim
        shape[encoder.inputs_axis] = -1
        weights = weight.to(h).repeat(encoder.repeats).view(shape)
        partners = torch.cat([permutation + i * len(permutation) for i in range(encoder.repeats)])
        return weights * h + (1 - weights) * h.index_select(encoder.inputs_axis, partners)

    with contextlib.ExitStack() as hooks:
        for module in encoder.halfway:
            hooks.callback(module.register_forward_hook(mix).remove)
        yield
