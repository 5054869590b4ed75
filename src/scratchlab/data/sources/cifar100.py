"""CIFAR-100: small photographs of 100 classes, 500 training and 100 test images per class. Source and licence: `cifar.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data import downloads
from scratchlab.data.sources import archive, cifar, locate
from scratchlab.data.sources.images import Part, joined
from scratchlab.types import Rows, Samples

_URL = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
_SHA256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"  # the publisher gives an MD5: 03b5dce01913d631647c71ecec9e9cb8
_SPLITS = ("train", "test")
_NAMES = "fine_label_names.txt"
_CLASSES = 100
_ADVICE = (
    "give a folder with train.bin and test.bin, or with .npz files of arrays x, y and classes whose names contain 'train' and 'test', "
    "with -s data.root=FOLDER, or download the publisher's archive (161 MB) with -s data.download=true"
)


class CIFAR100:
    """CIFAR-100 with its 100 fine labels, in the publisher's order and split. The coarse labels are not used.

    About a tenth of the test images have a near-duplicate among the training images (Barz & Denzler, arXiv 1902.00423). `load` of the
    Samples gives images `[n, 3, 32, 32]`.

    >>> CIFAR100(root="cifar-100-binary").form
    Image(channels=3, height=32, width=32)
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="folder of train.bin and test.bin, or of .npz files; takes precedence over download")] = "",
        download: Annotated[bool, Field(description="download the archive into the cache folder if it is not cached")] = False,
        url: Annotated[str, Field(description="address of the archive")] = _URL,
        sha256: Annotated[str, Field(description="checksum of the archive; empty: not checked")] = _SHA256,
    ) -> None:
        self.form = cifar.FORM
        self.root, self.download, self.url, self.sha256 = root, download, url, sha256

    def read(self) -> Samples:
        """Reads the images into memory as uint8, after downloading the archive if `download` is set."""
        download = self.download and not self.root
        root = downloads.fetch("cifar100", self.url, self.sha256) if download else locate.folder(self.root, _ADVICE)
        parts = list(_of_records(root) if any((root / f"{split}.bin").is_file() for split in _SPLITS) else _of_arrays(root))
        for part in parts[1:]:
            if part.classes != parts[0].classes:
                raise Problem(f"{root}: {part.name} and {parts[0].name} do not list the same classes in the same order.")
        return joined(parts, cifar.FORM)


def _of_records(root: Path) -> Iterator[Part]:
    """Reads the publisher's binary files. Without the list of class names, the classes are named "0" to "99"."""
    classes = _names(root / _NAMES) if (root / _NAMES).is_file() else tuple(map(str, range(_CLASSES)))
    for split in _SPLITS:
        path = root / f"{split}.bin"
        if not path.is_file():
            raise Problem(f"{root} contains the other part but not {path.name}; {_ADVICE}.")
        yield Part(split, split, *cifar.records(path, "fine label", 2, _CLASSES), classes)  # the first label is the coarse one


def _names(path: Path) -> tuple[str, ...]:
    names = tuple(path.read_text(encoding="utf-8", errors="replace").split())
    if len(set(names)) != _CLASSES or len(names) != _CLASSES:
        raise Problem(
            f"{path} must list {_CLASSES} different class names, one per line; it has {len(set(names))} among {len(names)} words."
        )
    return names


def _of_arrays(root: Path) -> Iterator[Part]:
    """Reads the .npz archives whose file names contain 'train' or 'test'; others are ignored."""
    paths = sorted(root.glob("*.npz"))
    for split in _SPLITS:
        named = [path for path in paths if split in path.stem]
        if not named:
            raise Problem(f"{root} contains neither {split}.bin nor an .npz file with '{split}' in its name; {_ADVICE}.")
        for path in named:
            if all(name in path.stem for name in _SPLITS):
                raise Problem(f"{path} has both 'train' and 'test' in its name; rename it after the split that it contains.")
            yield Part(path.stem, split, *_arrays(path))


def _arrays(path: Path) -> tuple[cifar.Bytes, Rows, tuple[str, ...]]:
    """Reads images `[n, 3, 32, 32]`, labels `[n]` and class names of one archive."""
    x, y, names = archive.arrays(path, ("x", "y", "classes"), _ADVICE)
    classes = tuple(str(name) for name in names.ravel())
    if len(set(classes)) != len(classes):
        raise Problem(f"{path}: the array classes repeats a name; only {len(set(classes))} of {len(classes)} are different.")
    return *cifar.checked(path, x, y, "y", len(classes)), classes
