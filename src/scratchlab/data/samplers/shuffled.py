"""Every row once an epoch, in random order: the usual way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchlab.types import Rows


class Shuffled:
    """All training rows in random order, `training.batch` at a time."""

    episode = None

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def fits(self, labels: Rows, classes: Sequence[str]) -> None:
        """Any labels do."""

    def batches(self, labels: Rows, seed: int, epoch: int) -> list[Rows]:
        """Every position once."""
        return shuffled(len(labels), self.batch, seed, epoch)


def shuffled(n: int, size: int, seed: int, epoch: int) -> list[Rows]:
    """Positions 0..n-1 in batches of `size`, in an order that (seed, epoch) alone decide.

    A last batch of a single input is joined to the one before: batch statistics of one input say nothing.

    >>> [len(batch) for batch in shuffled(7, 3, seed=0, epoch=0)]
    [3, 4]
    """
    order = np.random.default_rng([seed, epoch]).permutation(n)
    cuts = list(range(size, n, size))
    if cuts and n - cuts[-1] == 1 < size:
        cuts.pop()
    return np.split(order, cuts)
