"""Shared code of CIFAR-10 and CIFAR-100. A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

https://www.cs.toronto.edu/~kriz/cifar.html (for research; no licence is stated): photographs of 32 × 32 pixels, in the published binary
records or in .npz archives. The photographers are not published, so there are no groups.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem
from scratchlab.data.sources.archive import Array
from scratchlab.types import Image, Rows

SIDE = 32
FORM = Image(3, SIDE, SIDE)
PIXELS = 3 * SIDE * SIDE  # bytes: the red channel row by row, then green, then blue
Bytes = npt.NDArray[np.uint8]


def records(path: Path, label_name: str, label_bytes: int, classes: int) -> tuple[Bytes, Rows]:
    """Reads images `[n, 3, 32, 32]` and labels `[n]` of a binary file whose records are `label_bytes` label bytes, then the pixels.

    The last label byte is used; error messages call it `label_name`. Raises Problem for incomplete records and labels out of range.
    """
    content, size = np.fromfile(path, dtype=np.uint8), label_bytes + PIXELS
    if len(content) == 0 or len(content) % size:
        raise Problem(f"{path} does not consist of whole records: its size of {len(content)} bytes is not a multiple of {size}.")
    rows = content.reshape(-1, size)
    labels = rows[:, label_bytes - 1].astype(np.int64)
    if labels.max() >= classes:
        raise Problem(f"{path}, record {labels.argmax() + 1}: the {label_name} is {labels.max()}, but there are {classes} classes.")
    return rows[:, label_bytes:].reshape(-1, 3, SIDE, SIDE), labels


def checked(path: Path, x: Array, y: Array, y_name: str, classes: int) -> tuple[Bytes, Rows]:
    """Checks images x `[n, 32, 32, 3]` and labels y `[n]` (array `y_name` of the archive); returns images `[n, 3, 32, 32]` and labels.

    Raises Problem for another dtype or shape and for labels out of range.
    """
    n = len(x) if x.ndim else 0
    if x.dtype != np.uint8 or x.shape != (n, SIDE, SIDE, 3) or y.shape != (n,) or y.dtype.kind not in "iu" or n == 0:
        raise Problem(
            f"{path}: expected x as uint8 [n, {SIDE}, {SIDE}, 3] and {y_name} as integers [n], "
            f"not {x.dtype} {x.shape} and {y.dtype} {y.shape}."
        )
    if y.min() < 0 or y.max() >= classes:
        raise Problem(f"{path}: labels must be 0 to {classes - 1}, for {classes} classes; they are {y.min()} to {y.max()}.")
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)), y.astype(np.int64)
