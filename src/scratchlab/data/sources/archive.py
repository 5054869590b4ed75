"""Arrays of an .npz archive, read so that every complaint names the file."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, listing

Array = npt.NDArray[Any]
BROKEN = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged or foreign archive may raise."""


def arrays(path: Path, wanted: Iterable[str], advice: str) -> list[Array]:
    """These arrays of an .npz archive; nothing in it is unpickled. `advice` completes the sentence that is told of a foreign file."""
    wanted = tuple(wanted)
    try:
        with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as archive:
            there = list(archive)
            found = [archive[name] for name in wanted if name in there]
    except BROKEN as error:
        raise Problem(f"{path} cannot be read as an .npz file ({error}); {advice}.") from None
    if len(found) < len(wanted):
        expected = " and ".join(filter(None, (", ".join(wanted[:-1]), wanted[-1])))
        raise Problem(f"{path} holds the arrays {listing(there)}; expected {expected}.")
    return found
