"""Groups of rows that must stay on one side of a split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def connected(columns: Sequence[npt.NDArray[np.str_]]) -> npt.NDArray[np.str_]:
    """`[n]`: a name for the connected component of each row, where rows that share a value in any column are connected."""
    component = np.arange(len(columns[0]))  # the lowest connected row found so far
    while True:
        before = component
        for column in columns:
            _, code = np.unique(column, return_inverse=True)
            lowest = np.full(code.max() + 1, len(component))
            np.minimum.at(lowest, code, component)
            component = lowest[code]
        if np.array_equal(before, component):
            return columns[0][component]
