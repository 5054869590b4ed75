"""Positional encodings."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from scratchlab.checks import Problem

Position = Literal["sinusoidal", "learned", "none"]


def sinusoids(steps: int, channels: int) -> Tensor:
    """`[steps, channels]`: sines at even channels 2i and cosines at odd ones 2i + 1 of step / 10000^(2i / channels).

    Vaswani et al., arXiv 1706.03762, section 3.5.

    >>> sinusoids(2, 3)
    tensor([[0.0000, 1.0000, 0.0000],
            [0.8415, 0.5403, 0.0022]])
    """
    rates = torch.exp(torch.arange(0, channels, 2) * (-math.log(10_000) / channels))
    angles = torch.arange(steps)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)[:, :channels]


class Sinusoidal(nn.Module):
    """Adds sinusoidal encodings; any number of steps."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Steps `[n, t, c]` plus their positional encodings."""
        return steps + sinusoids(steps.shape[1], self.channels).to(steps)


class Learned(nn.Module):
    """Adds a learned vector for each of `longest` positions; lengths beyond it raise Problem."""

    def __init__(self, channels: int, longest: int) -> None:
        super().__init__()
        self.places = nn.Parameter(0.02 * torch.randn(longest, channels))

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Steps `[n, t, c]` plus their positional encodings."""
        longest = len(self.places)
        if int(lengths.max()) > longest:
            raise Problem(
                f"An input has {int(lengths.max())} steps, but temporal.longest = {longest} positions are learned; raise temporal.longest, "
                "average more frames (temporal.pool), or use temporal.position = 'sinusoidal', which has no limit."
            )
        positions = torch.arange(steps.shape[1], device=steps.device).clamp_max(longest - 1)  # only padding can lie beyond
        return steps + self.places[positions]


class NoPosition(nn.Module):
    """Adds nothing: attention then treats the steps as a set, not a sequence."""

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Steps `[n, t, c]`, unchanged."""
        return steps


def positional_encoding(position: Position, channels: int, longest: int) -> nn.Module:
    """The positional encoding of this name, a module called with steps `[n, t, c]` and lengths `[n]`."""
    if position == "learned":
        return Learned(channels, longest)
    return Sinusoidal(channels) if position == "sinusoidal" else NoPosition()
