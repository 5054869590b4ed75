"""Small photographs of a hundred kinds of things. A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

https://www.cs.toronto.edu/~kriz/cifar.html (for research; no licence is stated): 500 training and 100 test images a class, 32 × 32 pixels.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from scratchlab.checks import Problem, listing
from scratchlab.data import downloads
from scratchlab.data.sources import place
from scratchlab.types import Batch, Floats, Image, Rows, Samples

SIDE = 32
Bytes = npt.NDArray[np.uint8]

_URL = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
_SHA256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"  # the publisher gives an MD5: 03b5dce01913d631647c71ecec9e9cb8
_SPLITS = ("train", "test")
_NAMES = "fine_label_names.txt"
_CLASSES = 100
_RECORD = 2 + 3 * SIDE * SIDE  # coarse label, fine label, then the red, green and blue pixels row by row
_BROKEN = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
_ADVICE = (
    "give a folder with train.bin and test.bin, or with .npz files of arrays x, y and classes whose names contain 'train' and 'test', "
    "with -s data.root=FOLDER, or fetch the publisher's archive (161 MB) with -s data.download=true"
)


@dataclass(frozen=True)
class _Part:
    """One file: its name without suffix, the publisher's split, images `[n, 3, 32, 32]`, labels `[n]` and the classes they count."""

    name: str
    split: str
    images: Bytes
    labels: Rows
    classes: tuple[str, ...]


class CIFAR100:
    """The hundred fine labels, in the publisher's order and split. The coarse ones are not used.

    Nobody knows who took which photograph, so every image is a group of its own; about a tenth of the test images have a near-duplicate
    among the training images (Barz & Denzler, arXiv 1902.00423).
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="a folder with train.bin and test.bin, or .npz files; goes before download")] = "",
        download: Annotated[bool, Field(description="fetch the archive into the cache folder if it is not there")] = False,
        url: Annotated[str, Field(description="where to fetch it")] = _URL,
        sha256: Annotated[str, Field(description="checksum of what is fetched; empty: any")] = _SHA256,
    ) -> None:
        self.form = Image(3, SIDE, SIDE)
        self.root, self.download, self.url, self.sha256 = root, download, url, sha256

    def read(self) -> Samples:
        """Reads the images into memory, as bytes, fetching the archive first if that is wanted."""
        fetched = self.download and not self.root
        root = downloads.fetch("cifar100", self.url, self.sha256) if fetched else place.folder(self.root, _ADVICE)
        parts = list(_of_records(root) if any((root / f"{split}.bin").is_file() for split in _SPLITS) else _of_arrays(root))
        for part in parts[1:]:
            if part.classes != parts[0].classes:
                raise Problem(f"{root}: {part.name} and {parts[0].name} do not name the same classes in the same order.")
        ids = np.array([f"{part.name}/{row:05d}" for part in parts for row in range(len(part.labels))])
        return Samples(
            ids=ids,
            labels=np.concatenate([part.labels for part in parts]),
            classes=parts[0].classes,
            groups=ids,
            splits=np.repeat([part.split for part in parts], [len(part.labels) for part in parts]),
            form=self.form,
            load=_Images(np.concatenate([part.images for part in parts])).load,
        )


@dataclass(frozen=True)
class _Images:
    """values: `[n, 3, 32, 32]` bytes."""

    values: Bytes

    def load(self, rows: Rows) -> Batch:
        """Values `[len(rows), 3, 32, 32]` in [0, 1]."""
        values: Floats = self.values[rows].astype(np.float32)
        values /= 255
        return Batch(values, np.full(len(rows), SIDE, dtype=np.int64))


def _of_records(root: Path) -> Iterator[_Part]:
    """The publisher's binary files. Without their list of names the classes are called "0" to "99"."""
    classes = _names(root / _NAMES) if (root / _NAMES).is_file() else tuple(map(str, range(_CLASSES)))
    for split in _SPLITS:
        path = root / f"{split}.bin"
        if not path.is_file():
            raise Problem(f"{root} has no {path.name} beside the other part; {_ADVICE}.")
        content = np.fromfile(path, dtype=np.uint8)
        if len(content) == 0 or len(content) % _RECORD:
            raise Problem(f"{path} is not a file of whole records: its {len(content)} bytes are no multiple of {_RECORD}.")
        records = content.reshape(-1, _RECORD)
        labels = records[:, 1].astype(np.int64)
        if labels.max() >= _CLASSES:
            raise Problem(f"{path}, record {labels.argmax() + 1}: the fine label is {labels.max()}, but there are {_CLASSES} classes.")
        yield _Part(split, split, records[:, 2:].reshape(-1, 3, SIDE, SIDE), labels, classes)


def _names(path: Path) -> tuple[str, ...]:
    names = tuple(path.read_text(encoding="utf-8", errors="replace").split())
    if len(set(names)) != _CLASSES or len(names) != _CLASSES:
        raise Problem(f"{path} must name {_CLASSES} different classes, one a line; it names {len(set(names))} in {len(names)} words.")
    return names


def _of_arrays(root: Path) -> Iterator[_Part]:
    """Archives of arrays; those whose names tell no split are left alone."""
    paths = sorted(root.glob("*.npz"))
    for split in _SPLITS:
        named = [path for path in paths if split in path.stem]
        if not named:
            raise Problem(f"{root} holds neither {split}.bin nor an .npz file with '{split}' in its name; {_ADVICE}.")
        for path in named:
            if all(one in path.stem for one in _SPLITS):
                raise Problem(f"{path} has both 'train' and 'test' in its name; rename it after the split it holds.")
            yield _Part(path.stem, split, *_arrays(path))


def _arrays(path: Path) -> tuple[Bytes, Rows, tuple[str, ...]]:
    """Images `[n, 3, 32, 32]`, labels `[n]` and class names of one archive; nothing in it is unpickled."""
    try:
        with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as archive:
            there = list(archive)
            found: dict[str, npt.NDArray[Any]] = {name: archive[name] for name in ("x", "y", "classes") if name in there}
    except _BROKEN as error:
        raise Problem(f"{path} cannot be read as an .npz file ({error}); {_ADVICE}.") from None
    if len(found) < 3:
        raise Problem(f"{path} holds the arrays {listing(there)}; expected x, y and classes.")
    x, y, names = found["x"], found["y"], found["classes"]
    n = len(x) if x.ndim else 0
    if x.dtype != np.uint8 or x.shape != (n, SIDE, SIDE, 3) or y.shape != (n,) or y.dtype.kind not in "iu" or n == 0:
        raise Problem(
            f"{path}: expected bytes x [n, {SIDE}, {SIDE}, 3] and whole numbers y [n], not {x.dtype} {x.shape} and {y.dtype} {y.shape}."
        )
    classes = tuple(str(name) for name in names.ravel())
    if len(set(classes)) != len(classes):
        raise Problem(f"{path}: classes names a class twice; there are {len(set(classes))} different names among {len(classes)}.")
    if y.min() < 0 or y.max() >= len(classes):
        raise Problem(f"{path}: labels must lie between 0 and {len(classes) - 1}, the last class; here between {y.min()} and {y.max()}.")
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)), y.astype(np.int64), classes
