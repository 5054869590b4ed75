"""Manifold mixup: inputs mixed half-way through the encoder (Verma et al., arXiv 1806.05236, section 2)."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

import torch
from torch import Tensor, nn

from scratchlab.models.interface import Encoder


@contextlib.contextmanager
def mixed(encoder: Encoder, permutation: Tensor, share: Tensor) -> Generator[None]:
    """While open, input i of a batch goes on from half-way as share_i · h_i + (1 - share_i) · h_permutation(i).

    permutation: `[n]` indices; share: `[n]` in [0, 1]. Gradients flow to both inputs. Inputs of unlike length need lengths that
    hold both, `maximum(lengths, lengths[permutation])`: what is shorter then counts as followed by silence. Only one thread may
    use the encoder meanwhile, and every batch it is called with is mixed.
    """

    def mix(module: nn.Module, given: Any, h: Tensor) -> Tensor:
        shape = [1] * h.ndim
        shape[encoder.inputs_axis] = -1
        own = share.to(h).repeat(encoder.repeats).view(shape)
        others = torch.cat([permutation + i * len(permutation) for i in range(encoder.repeats)])
        return own * h + (1 - own) * h.index_select(encoder.inputs_axis, others)

    with contextlib.ExitStack() as hooks:
        for module in encoder.halfway:
            hooks.callback(module.register_forward_hook(mix).remove)
        yield
