"""Reading of .npz archives, with error messages that name the file."""

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
READ_ERRORS = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
"""The exceptions that reading a damaged archive or another kind of file may raise."""


def arrays(path: Path, names: Iterable[str], advice: str) -> list[Array]:
    """Reads the named arrays of an .npz archive, without unpickling.

    Raises Problem for a file that is no .npz archive (the message ends with `advice`) and where an array is missing.
    """
    names = tuple(names)
    try:
        with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as archive:
            available = list(archive)
            found = [archive[name] for name in names if name in available]
    except READ_ERRORS as error:
        raise Problem(f"{path} cannot be read as an .npz file ({error}); {advice}.") from None
    if len(found) < len(names):
        expected = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        raise Problem(f"{path} contains the arrays {listing(available)}; expected {expected}.")
    return found
