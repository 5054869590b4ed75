"""What a sampler is: which training rows make up the batches of an epoch, as a pure function of the seed and the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scratchlab.types import Rows


@dataclass(frozen=True)
class Episode:
    """The layout of an episode: `way` classes one after the other, of each `shot` support rows and then `query` query rows."""

    way: int
    shot: int
    query: int

    @property
    def size(self) -> int:
        """Rows of an episode."""
        return self.way * (self.shot + self.query)

    @property
    def query_share(self) -> float:
        """The share of its rows that are query rows."""
        return self.query / (self.shot + self.query)

    def classes(self, places: Rows) -> Rows:
        """`[n]`, from 0 to way - 1: the class of the rows at these places of the episode.

        >>> Episode(way=2, shot=1, query=2).classes(np.arange(6))
        array([0, 0, 0, 1, 1, 1])
        """
        return places // (self.shot + self.query)

    def support(self, places: Rows) -> npt.NDArray[np.bool_]:
        """`[n]`: whether the rows at these places are support rows.

        >>> Episode(way=2, shot=1, query=2).support(np.arange(6))
        array([ True, False, False,  True, False, False])
        """
        return places % (self.shot + self.query) < self.shot


class Sampler(Protocol):
    """Decides the batches of every epoch. Without state, so that a resumed training and every process see the same batches."""

    @property
    def episode(self) -> Episode | None:
        """The layout of every batch, where batches are episodes."""
        ...

    def fits(self, labels: Rows, classes: Sequence[str]) -> None:
        """Raises Problem where training rows with these labels, indices into `classes`, cannot be sampled so."""
        ...

    def batches(self, labels: Rows, seed: int, epoch: int) -> list[Rows]:
        """Positions among the training rows, whose labels are given, batch by batch."""
        ...


def positions_by_class(labels: Rows) -> list[Rows]:
    """Of each class that there is, by increasing label, the positions of its rows.

    >>> positions_by_class(np.array([3, 1, 3]))
    [array([1]), array([0, 2])]
    """
    _, first = np.unique(np.sort(labels), return_index=True)
    return np.split(np.argsort(labels, kind="stable"), first[1:])
