"""Images that are kept in memory as bytes, and the archives of arrays they come from."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, listing
from scratchlab.types import Batch, Floats, Rows

Array = npt.NDArray[Any]
_BROKEN = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged or foreign file may raise."""


@dataclass(frozen=True)
class InMemory:
    """values: `[n, channels, height, width]` bytes."""

    values: npt.NDArray[np.uint8]

    def load(self, rows: Rows) -> Batch:
        """Values `[len(rows), channels, height, width]` in [0, 1]."""
        values: Floats = self.values[rows].astype(np.float32)
        values /= 255
        return Batch(values, np.full(len(rows), values.shape[3], dtype=np.int64))


def arrays(path: Path, wanted: Iterable[str], advice: str) -> list[Array]:
    """These arrays of an .npz archive; nothing in it is unpickled. `advice` completes the sentence that is told of a foreign file."""
    wanted = tuple(wanted)
    try:
        with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as archive:
            there = list(archive)
            found = [archive[name] for name in wanted if name in there]
    except _BROKEN as error:
        raise Problem(f"{path} cannot be read as an .npz file ({error}); {advice}.") from None
    if len(found) < len(wanted):
        raise Problem(f"{path} holds the arrays {listing(there)}; expected {', '.join(wanted[:-1])} and {wanted[-1]}.")
    return found
