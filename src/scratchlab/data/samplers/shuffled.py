"""Shuffled batches: every row once per epoch, in random order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchlab.types import Rows


class Shuffled:
    """Samples all training rows in random order, in batches of `training.batch`."""

    episode = None

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def fits(self, labels: Rows, classes: Sequence[str]) -> None:
        """Never raises: all labels can be sampled."""

    def batches(self, labels: Rows, seed: int, epoch: int) -> list[Rows]:
        """Every position once, in shuffled batches."""
        return shuffled(len(labels), self.batch, seed, epoch)


def shuffled(n: int, size: int, seed: int, epoch: int) -> list[Rows]:
    """Positions 0..n-1 in batches of `size`, in a random order determined by (seed, epoch).

    A last batch of a single input is merged into the one before, since batch statistics of one input are undefined.

    >>> [len(batch) for batch in shuffled(7, 3, seed=0, epoch=0)]
    [3, 4]
    """
    order = np.random.default_rng([seed, epoch]).permutation(n)
    cuts = list(range(size, n, size))
    if cuts and n - cuts[-1] == 1 < size:
        cuts.pop()
    return np.split(order, cuts)
