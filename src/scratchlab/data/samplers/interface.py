"""The interface of samplers, which compose the batches of an epoch as a pure function of the labels, the seed and the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scratchlab.types import Rows


@dataclass(frozen=True)
class Episode:
    """The layout of an episode: `way` classes one after the other, each with `shot` support rows followed by `query` query rows."""

    way: int
    shot: int
    query: int

    @property
    def size(self) -> int:
        """The number of rows in an episode."""
        return self.way * (self.shot + self.query)

    @property
    def query_share(self) -> float:
        """The fraction of its rows that are query rows."""
        return self.query / (self.shot + self.query)

    def classes(self, places: Rows) -> Rows:
        """`[n]`: the class, 0 to way - 1, of the rows at these positions in the episode.

        >>> Episode(way=2, shot=1, query=2).classes(np.arange(6))
        array([0, 0, 0, 1, 1, 1])
        """
        return places // (self.shot + self.query)

    def support(self, places: Rows) -> npt.NDArray[np.bool_]:
        """`[n]`: whether the rows at these positions in the episode are support rows.

        >>> Episode(way=2, shot=1, query=2).support(np.arange(6))
        array([ True, False, False,  True, False, False])
        """
        return places % (self.shot + self.query) < self.shot


class Sampler(Protocol):
    """Composes the batches of every epoch. Stateless, so that resumed training and all processes use the same batches."""

    @property
    def episode(self) -> Episode | None:
        """The layout of every batch if batches are episodes, else None."""
        ...

    def fits(self, labels: Rows, classes: Sequence[str]) -> None:
        """Raises Problem where training rows with these labels (indices into `classes`) cannot be sampled in this way."""
        ...

    def batches(self, labels: Rows, seed: int, epoch: int) -> list[Rows]:
        """The batches of an epoch, as positions among the training rows, whose labels are `labels` `[n]`."""
        ...


def positions_by_class(labels: Rows) -> list[Rows]:
    """The positions of the rows of each class that occurs in `labels`, ordered by label.

    >>> positions_by_class(np.array([3, 1, 3]))
    [array([1]), array([0, 2])]
    """
    _, first = np.unique(np.sort(labels), return_index=True)
    return np.split(np.argsort(labels, kind="stable"), first[1:])
