"""Positions in order, in batches or thinned out; what training draws at random is in `samplers/`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchlab.types import Rows


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
