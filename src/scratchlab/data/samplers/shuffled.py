"""Shuffled batches: every row once per epoch, in random order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scratchlab.checks import as_array
from scratchlab.types import Rows


class Shuffled:
    """Samples all training rows in random order, in batches of `batch` (`training.batch` in a recipe).

    `batches` are positions `[batch]` among rows with labels `[n]`.

    >>> [rows.tolist() for rows in Shuffled(3).batches([0, 1, 0, 1, 1, 0, 1])]
    [[2, 4, 3], [6, 5, 0, 1]]
    """

    episode = None

    def __init__(self, batch: int = 100) -> None:
        self.batch = batch

    def fits(self, labels: Rows, classes: Sequence[str] = ()) -> None:
        """Never raises: all labels can be sampled."""

    def batches(self, labels: npt.ArrayLike, seed: int = 0, epoch: int = 0) -> list[Rows]:
        """Every position once, in shuffled batches `[batch]`, of rows with labels `[n]`."""
        return shuffled(len(as_array(labels, "n", "labels")), self.batch, seed, epoch)


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
