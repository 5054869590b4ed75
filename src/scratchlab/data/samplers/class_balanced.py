"""Class-balanced (P × K) batches: P classes with K rows each, for pair and triplet losses.

Source: Hermans, Beyer & Leibe (2017), "In Defense of the Triplet Loss for Person Re-Identification", arXiv 1703.07737, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from scratchlab.checks import Problem, as_array, counted
from scratchlab.data.samplers.interface import positions_by_class
from scratchlab.types import Rows


class ClassBalanced:
    """Samples batches of P classes × K rows; an epoch has as many batches as the training rows fill, at least one.

    Classes are drawn without replacement until all have been used, and so are the rows of each class. A class with fewer than K rows
    repeats them within a batch. `batches` are positions among rows with labels `[n]`, also for DataLoader(data, batch_sampler=batches).

    >>> labels = np.repeat(np.arange(4), 6)  # 24 rows of four classes
    >>> batches = ClassBalanced(classes=2, rows=3).batches(labels)
    >>> [labels[rows].tolist() for rows in batches]
    [[2, 2, 2, 0, 0, 0], [1, 1, 1, 3, 3, 3], [1, 1, 1, 0, 0, 0], [3, 3, 3, 2, 2, 2]]
    """

    episode = None

    def __init__(
        self,
        batch: int = 0,
        *,
        classes: Annotated[int, Field(ge=2, description="classes per batch (P)")] = 8,
        rows: Annotated[int, Field(ge=1, description="rows per class and batch (K); a class with fewer rows repeats them")] = 4,
    ) -> None:
        del batch  # training batches have P · K rows; training.batch applies to validation
        self.classes, self.rows = classes, rows

    def fits(self, labels: Rows, classes: Sequence[str] = ()) -> None:
        """Raises Problem where the labels have fewer than P classes."""
        del classes
        if (n := len(np.unique(labels))) < self.classes:
            raise Problem(
                f"sampler.classes = {self.classes} does not fit: the training rows are of {counted(n, 'class')}; lower sampler.classes."
            )

    def batches(self, labels: npt.ArrayLike, seed: int = 0, epoch: int = 0) -> list[Rows]:
        """Positions `[P · K]` of each batch, grouped by class, among rows with labels `[n]`. Raises Problem as `fits`."""
        labels = as_array(labels, "n", "labels")
        self.fits(labels)
        rng = np.random.default_rng([seed, epoch])
        rows = [_Cycle(positions, rng) for positions in positions_by_class(labels)]
        classes = _Cycle(np.arange(len(rows)), rng)
        n = max(1, len(labels) // (self.classes * self.rows))
        return [np.concatenate([rows[int(index)].take(self.rows) for index in classes.take(self.classes)]) for _ in range(n)]


class _Cycle:
    """Draws items without replacement, and starts again with a new permutation when all have been drawn."""

    def __init__(self, items: Rows, rng: np.random.Generator) -> None:
        self.items, self.rng, self.queue = items, rng, items[:0]

    def take(self, n: int) -> Rows:
        """The next `n` items; they are different if there are at least `n` items."""
        if len(self.queue) < n:
            permutation = self.rng.permutation(self.items)
            queued = np.isin(permutation, self.queue)
            self.queue = np.concatenate([self.queue, permutation[~queued], permutation[queued]])
        taken, self.queue = self.queue[:n], self.queue[n:]
        return np.resize(taken, n)
