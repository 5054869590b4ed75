"""Images kept in memory as uint8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scratchlab.types import Batch, Floats, Image, Rows, Samples


@dataclass(frozen=True)
class InMemory:
    """values: uint8 `[n, channels, height, width]`."""

    values: npt.NDArray[np.uint8]

    def load(self, rows: Rows) -> Batch:
        """Loads float32 values `[len(rows), channels, height, width]` in [0, 1]."""
        values: Floats = self.values[rows].astype(np.float32)
        values /= 255
        return Batch(values, np.full(len(rows), values.shape[3], dtype=np.int64))


@dataclass(frozen=True)
class Part:
    """One part of a published data set, such as its training part.

    split: "train", "valid", "test" or "". images: `[n, channels, height, width]`. labels: `[n]` indices into `classes`.
    """

    name: str
    split: str
    images: npt.NDArray[np.uint8]
    labels: Rows
    classes: tuple[str, ...]


def joined(parts: Sequence[Part], form: Image) -> Samples:
    """Concatenates parts that have the same classes into Samples without groups. An id is the part's name and the row: `train/00007`."""
    return Samples(
        ids=np.array([f"{part.name}/{row:05d}" for part in parts for row in range(len(part.labels))]),
        labels=np.concatenate([part.labels for part in parts]),
        classes=parts[0].classes,
        groups={},
        splits=np.repeat([part.split for part in parts], [len(part.labels) for part in parts]),
        form=form,
        load=InMemory(np.concatenate([part.images for part in parts])).load,
    )
