"""CIFAR-10: small photographs of ten classes, 5,000 training and 1,000 test images per class. Source and licence: `cifar.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data import downloads
from scratchlab.data.sources import archive, cifar, locate
from scratchlab.data.sources.images import Part, joined
from scratchlab.types import Samples

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")  # in the publisher's order

_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"  # the publisher gives an MD5: c32a1d4ab5d03f1284b67883e8d87530
_FILES = {**{f"data_batch_{number}": "train" for number in range(1, 6)}, "test_batch": "test"}
_ADVICE = (
    "give the folder of data_batch_1.bin to data_batch_5.bin and test_batch.bin, or an .npz file of images x and labels, "
    "with -s data.root=PATH, or download the publisher's archive (170 MB) with -s data.download=true"
)


class CIFAR10:
    """CIFAR-10 with the publisher's split; an .npz file has no split, so the protocol draws one.

    An archive may contain several label arrays, as CIFAR-10N does (Wei et al., ICLR 2022, arXiv 2110.12088): `labels` names the true
    labels, used for training and testing; noisy labels, used only for training, are named in [noise] with `name = "column"`. About
    3 % of the published test images have a near-duplicate among the training images (Barz & Denzler, arXiv 1902.00423). `load` of the
    Samples gives images `[n, 3, 32, 32]`.

    >>> CIFAR10(root="cifar-10-batches-bin").form
    Image(channels=3, height=32, width=32)
    """

    def __init__(
        self,
        *,
        root: Annotated[
            str, Field(description="folder of the publisher's .bin files, or an .npz file; takes precedence over download")
        ] = "",
        labels: Annotated[str, Field(description="name of the array of labels in an .npz file")] = "y",
        download: Annotated[bool, Field(description="download the archive into the cache folder if it is not cached")] = False,
        url: Annotated[str, Field(description="address of the archive")] = _URL,
        sha256: Annotated[str, Field(description="checksum of the archive; empty: not checked")] = _SHA256,
    ) -> None:
        self.form = cifar.FORM
        self.root, self.labels, self.download, self.url, self.sha256 = root, labels, download, url, sha256

    def read(self) -> Samples:
        """Reads the images into memory as uint8, after downloading the archive if `download` is set."""
        download = self.download and not self.root
        path = downloads.fetch("cifar10", self.url, self.sha256) if download else locate.path(self.root, _ADVICE)
        return joined(list(_of_records(path)) if path.is_dir() else [self._of_arrays(path)], cifar.FORM)

    def _of_arrays(self, path: Path) -> Part:
        x, y = archive.arrays(path, ("x", self.labels), _ADVICE)
        return Part(path.stem, "", *cifar.checked(path, x, y, self.labels, len(CLASSES)), CLASSES)


def _of_records(folder: Path) -> Iterator[Part]:
    """Reads the publisher's six binary files."""
    for name, split in _FILES.items():
        path = folder / f"{name}.bin"
        if not path.is_file():
            raise Problem(f"{folder} does not contain {path.name}; {_ADVICE}.")
        yield Part(name, split, *cifar.records(path, "label", 1, len(CLASSES)), CLASSES)
