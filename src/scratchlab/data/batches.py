"""Deterministic batches and subsets of positions; random batches for training are in `samplers/`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchlab.types import Rows


def in_order(n: int, size: int) -> Iterator[Rows]:
    """Yields the positions 0..n-1 in order, in batches of `size`; the last batch may be smaller."""
    for start in range(0, n, size):
        yield np.arange(start, min(start + size, n))


def spread(n: int, most: int) -> Rows:
    """At most `most` of the positions 0..n-1, evenly spaced over the whole range.

    >>> spread(10, 4), spread(2, 4), spread(10, 0)
    (array([0, 3, 6, 9]), array([0, 1]), array([], dtype=int64))
    """
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))
