"""What CIFAR-10 and CIFAR-100 share. A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

https://www.cs.toronto.edu/~kriz/cifar.html (for research; no licence is stated): photographs of 32 × 32 pixels, in records of bytes as
they are published, or in .npz archives of arrays. Nobody knows who took which photograph, so every image is a group of its own.
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
PIXELS = 3 * SIDE * SIDE  # the red, green and blue ones, row by row
Bytes = npt.NDArray[np.uint8]


def records(path: Path, kind: str, labels: int, classes: int) -> tuple[Bytes, Rows]:
    """Images `[n, 3, 32, 32]` and labels `[n]` of a binary file. A record is `labels` bytes, of which the last counts, and the pixels.

    kind: what the label is called where it is beyond the classes.
    """
    content, size = np.fromfile(path, dtype=np.uint8), labels + PIXELS
    if len(content) == 0 or len(content) % size:
        raise Problem(f"{path} is not a file of whole records: its {len(content)} bytes are no multiple of {size}.")
    rows = content.reshape(-1, size)
    found = rows[:, labels - 1].astype(np.int64)
    if found.max() >= classes:
        raise Problem(f"{path}, record {found.argmax() + 1}: the {kind} is {found.max()}, but there are {classes} classes.")
    return rows[:, labels:].reshape(-1, 3, SIDE, SIDE), found


def checked(path: Path, x: Array, y: Array, called: str, classes: int) -> tuple[Bytes, Rows]:
    """Images x `[n, 32, 32, 3]` of an archive as `[n, 3, 32, 32]`, and labels y `[n]`, which are `called` so there."""
    n = len(x) if x.ndim else 0
    if x.dtype != np.uint8 or x.shape != (n, SIDE, SIDE, 3) or y.shape != (n,) or y.dtype.kind not in "iu" or n == 0:
        raise Problem(
            f"{path}: expected bytes x [n, {SIDE}, {SIDE}, 3] and whole numbers {called} [n], "
            f"not {x.dtype} {x.shape} and {y.dtype} {y.shape}."
        )
    if y.min() < 0 or y.max() >= classes:
        raise Problem(f"{path}: labels must lie between 0 and {classes - 1}, the last class; here between {y.min()} and {y.max()}.")
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)), y.astype(np.int64)
