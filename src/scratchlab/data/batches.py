"""Which rows make up which batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchlab.types import Rows


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


def in_order(n: int, size: int) -> Iterator[Rows]:
    """Positions 0..n-1 in batches of `size`, as they stand."""
    for start in range(0, n, size):
        yield np.arange(start, min(start + size, n))


def spread(n: int, most: int) -> Rows:
    """At most so many of the positions 0..n-1, evenly over them all.

    >>> spread(10, 4), spread(2, 4), spread(10, 0)
    (array([0, 3, 6, 9]), array([0, 1]), array([], dtype=int64))
    """
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))
