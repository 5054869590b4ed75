"""Images that are kept in memory as bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scratchlab.types import Batch, Floats, Rows


@dataclass(frozen=True)
class InMemory:
    """values: `[n, channels, height, width]` bytes."""

    values: npt.NDArray[np.uint8]

    def load(self, rows: Rows) -> Batch:
        """Values `[len(rows), channels, height, width]` in [0, 1]."""
        values: Floats = self.values[rows].astype(np.float32)
        values /= 255
        return Batch(values, np.full(len(rows), values.shape[3], dtype=np.int64))
