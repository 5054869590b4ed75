"""P classes with K rows each in every batch, as losses over pairs and triplets need.

Source: Hermans, Beyer & Leibe (2017), "In Defense of the Triplet Loss for Person Re-Identification", arXiv 1703.07737, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, counted
from scratchlab.data.samplers.interface import positions_by_class
from scratchlab.types import Rows


class ClassBalanced:
    """Batches of P × K rows; an epoch has as many of them as the training rows fill, at least one.

    Classes take turns, and so do the rows of each class: none comes again before all others have come. A class with fewer than K rows
    repeats them within the batch.
    """

    episode = None

    def __init__(
        self,
        batch: int,
        *,
        classes: Annotated[int, Field(ge=2, description="classes in a batch (P)")] = 8,
        rows: Annotated[int, Field(ge=1, description="rows of each class in a batch (K); a class with fewer repeats its own")] = 4,
    ) -> None:
        del batch  # P · K rows take its place in training; validation keeps it
        self.classes, self.rows = classes, rows

    def fits(self, labels: Rows, classes: Sequence[str]) -> None:
        """Raises Problem where there are fewer than P classes."""
        del classes
        if (number := len(np.unique(labels))) < self.classes:
            raise Problem(
                f"sampler.classes = {self.classes} does not fit: the training rows are of {counted(number, 'class')}; "
                "lower sampler.classes."
            )

    def batches(self, labels: Rows, seed: int, epoch: int) -> list[Rows]:
        """Positions `[P · K]` of each batch, class after class."""
        rng = np.random.default_rng([seed, epoch])
        own = [_InTurn(positions, rng) for positions in positions_by_class(labels)]
        turn = _InTurn(np.arange(len(own)), rng)
        number = max(1, len(labels) // (self.classes * self.rows))
        return [np.concatenate([own[int(label)].take(self.rows) for label in turn.take(self.classes)]) for _ in range(number)]


class _InTurn:
    """Hands out items in random order, all of them before any comes again."""

    def __init__(self, items: Rows, rng: np.random.Generator) -> None:
        self.items, self.rng, self.waiting = items, rng, items[:0]

    def take(self, number: int) -> Rows:
        """So many items, different ones as far as there are enough."""
        if len(self.waiting) < number:
            fresh = self.rng.permutation(self.items)
            again = np.isin(fresh, self.waiting)
            self.waiting = np.concatenate([self.waiting, fresh[~again], fresh[again]])
        taken, self.waiting = self.waiting[:number], self.waiting[number:]
        return np.resize(taken, number)
