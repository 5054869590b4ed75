"""Counter-based random numbers for augmentation.

Each number is a function of (seed, epoch, row, number of earlier draws). So every sample gets the same augmentation when an epoch is
resumed, the batch size changes or a batch is split between processes, and no generator state has to be saved.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from scratchlab.types import Rows

_Words = npt.NDArray[np.uint64]


def _mixed(x: Any) -> _Words:
    """SplitMix64's output function: Steele, Lea & Flood (2014), "Fast splittable pseudorandom number generators", OOPSLA."""
    with np.errstate(over="ignore"):
        z = np.asarray(x, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


class RowRNG:
    """A random number generator with an independent stream for each row of a batch."""

    def __init__(self, seed: int, epoch: int, rows: Rows) -> None:
        self._state = _mixed(_mixed(_mixed(seed) ^ np.uint64(epoch)) ^ rows.astype(np.uint64))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        """Draws `[n]` float64 numbers, uniform in [low, high); every call draws new ones."""
        self._state = _mixed(self._state)
        unit = (self._state >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return torch.from_numpy(low + (high - low) * unit)

    def integers(self, below: torch.Tensor | int) -> torch.Tensor:
        """Draws `[n]` int64 numbers, uniform in 0..below-1."""
        return (self.uniform() * below).long()
