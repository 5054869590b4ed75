"""Where a step stands, as something to add to it."""

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
    """Fixed waves; any number of steps."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Steps `[n, t, c]` with their places added."""
        return steps + sinusoids(steps.shape[1], self.channels).to(steps)


class Learned(nn.Module):
    """A learned vector for each of `longest` places; lengths beyond it raise Problem."""

    def __init__(self, channels: int, longest: int) -> None:
        super().__init__()
        self.places = nn.Parameter(0.02 * torch.randn(longest, channels))

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Steps `[n, t, c]` with their places added."""
        longest = len(self.places)
        if int(lengths.max()) > longest:
            raise Problem(
                f"An input has {int(lengths.max())} steps, but temporal.longest = {longest} places are learned; raise temporal.longest, "
                "average more frames (temporal.pool), or use temporal.position = 'sinusoidal', which has no limit."
            )
        places = torch.arange(steps.shape[1], device=steps.device).clamp_max(longest - 1)  # padding alone can lie beyond
        return steps + self.places[places]


class Nowhere(nn.Module):
    """Adds nothing: what follows then sees a set of steps, not a sequence."""

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Steps `[n, t, c]` as they are."""
        return steps


def placed(position: Position, channels: int, longest: int) -> nn.Module:
    """The module of this name, for steps of so many channels; called with steps `[n, t, c]` and lengths `[n]`."""
    if position == "learned":
        return Learned(channels, longest)
    return Sinusoidal(channels) if position == "sinusoidal" else Nowhere()
