"""Omniglot: 1,623 handwritten characters of 50 alphabets, each drawn once by 20 people.

B. M. Lake, R. Salakhutdinov, J. B. Tenenbaum, "Human-level concept learning through probabilistic program induction", Science 350:1332,
2015; https://github.com/brendenlake/omniglot (MIT).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data import downloads
from scratchlab.data.sources import locate
from scratchlab.data.sources.images import InMemory
from scratchlab.types import Floats, Image, Samples

SIDE = 105  # of the published images
Part = Literal["images_background", "images_evaluation", "images_background_small1", "images_background_small2"]
_SHA256: dict[Part, str] = {
    "images_background": "ad41ab679c8b5d90b271ef46be6987cc81211774a695c29dcc5367b2b26ee640",
    "images_evaluation": "1f61a8f3366785b057fc117d9228e78a16e3d976c8953b2a10fcc74cf0609cee",
    "images_background_small1": "f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4",
    "images_background_small2": "3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f",
}
_URL = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python"
_NAME = re.compile(r"(?:.*/)?(?P<alphabet>[^/]+)/(?P<character>character\d+)/\d+_(?P<drawer>\d+)\.png")
_ADVICE = (
    "give the folder of the archives (packed or unpacked) with -s data.root=FOLDER, or download them (16 MB; the small ones 3 MB) "
    "with -s data.download=true"
)
_READ_ERRORS = (OSError, ValueError, SyntaxError, EOFError, zipfile.BadZipFile, zlib.error)
"""The exceptions that reading a damaged image or archive may raise."""


class Omniglot:
    """Characters are the classes (`Greek/character05`), alphabets and drawers the columns of groups; ink is 1, background 0.

    The publisher's split is by alphabet: "train" is the background set, "test" the evaluation set. Each of the two small sets contains
    five of the 30 background alphabets; they share Greek and Latin, whose images are included once. Drawers are numbered separately in
    each alphabet, and it is not published which numbers are the same person; so a drawer's name includes the alphabet (`Greek/03`).
    `load` of the Samples gives images `[n, 1, size, size]`.

    >>> Omniglot(root="omniglot", size=28).form
    Image(channels=1, height=28, width=28)
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="folder of the archives, packed or unpacked; takes precedence over download")] = "",
        parts: Annotated[list[Part], Field(min_length=1, description="the archives to read")] = ["images_background", "images_evaluation"],
        size: Annotated[
            int,
            Field(ge=1, le=SIDE, description="image side in pixels, area-averaged from 105; usually 28, as in Vinyals et al., 1606.04080"),
        ] = 28,
        download: Annotated[bool, Field(description="download the archives into the cache folder if they are not cached")] = False,
        url: Annotated[str, Field(description="address of the folder of the archives")] = _URL,
    ) -> None:
        self.form = Image(1, size, size)
        self.root, self.parts, self.download, self.url = root, parts, download, url

    def read(self) -> Samples:
        """Reads the images into memory as uint8, after downloading the archives if `download` is set."""
        images: dict[str, npt.NDArray[np.bool_]] = {}
        splits: dict[str, str] = {}
        for part in self.parts:
            path = self._path(part)
            for name, content in _files(path):
                if _NAME.fullmatch(name) is None:
                    raise Problem(f"{path}: {name} is not named alphabet/characterNN/NNNN_NN.png.")
                key = "/".join(name.split("/")[-3:])
                if key not in images:
                    images[key], splits[key] = _ink(content, f"{path}: {name}"), "test" if part == "images_evaluation" else "train"
        ids = sorted(images)
        matches = [match for name in ids if (match := _NAME.fullmatch(name))]
        classes, labels = np.unique([f"{match['alphabet']}/{match['character']}" for match in matches], return_inverse=True)
        return Samples(
            ids=np.array(ids),
            labels=labels.astype(np.int64),
            classes=tuple(classes.tolist()),
            groups={
                "alphabet": np.array([match["alphabet"] for match in matches]),
                "drawer": np.array([f"{match['alphabet']}/{match['drawer']}" for match in matches]),
            },
            splits=np.array([splits[name] for name in ids]),
            form=self.form,
            load=InMemory(_resized([images[name] for name in ids], self.form.width)[:, None]).load,
        )

    def _path(self, part: Part) -> Path:
        """The archive of this part, or its unpacked folder."""
        if self.download and not self.root:
            return downloads.fetch(part, f"{self.url}/{part}.zip", _SHA256[part], unpack=False)
        root = locate.folder(self.root, _ADVICE)
        for path in (root / f"{part}.zip", root / part):
            if path.exists():
                return path
        raise Problem(f"{root} contains neither {part}.zip nor a folder {part} (data.parts); {_ADVICE}.")


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yields names and contents of the PNG files in an archive or folder, except hidden files and those added by macOS."""
    n = 0
    for name, content in _of_folder(path) if path.is_dir() else _of_archive(path):
        n += 1
        yield name, content
    if not n:
        raise Problem(f"{path} contains no .png file; {_ADVICE}.")


def _is_image(name: str) -> bool:
    return name.endswith(".png") and not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _of_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.rglob("*.png")):
        if _is_image(name := file.relative_to(path).as_posix()):
            yield name, file.read_bytes()


def _of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in filter(_is_image, archive.namelist()):
                yield name, archive.read(name)
    except _READ_ERRORS as error:
        raise Problem(f"{path} cannot be read as a zip archive ({error}); {_ADVICE}.") from None


def _ink(content: bytes, where: str) -> npt.NDArray[np.bool_]:
    """Decodes a PNG image: `[105, 105]`, True where there is ink (black in the file)."""
    from PIL import Image as Picture  # imported here, since only this source needs it

    try:
        with Picture.open(io.BytesIO(content), formats=("PNG",)) as picture:
            pixels = np.asarray(picture.convert("L"))
    except _READ_ERRORS as error:
        raise Problem(f"{where} cannot be decoded as a PNG image ({error}).") from None
    if pixels.shape != (SIDE, SIDE):
        raise Problem(f"{where} has {pixels.shape[1]} × {pixels.shape[0]} pixels; expected {SIDE} × {SIDE}.")
    return pixels < 128


def _resized(images: Iterable[npt.NDArray[np.bool_]], size: int) -> npt.NDArray[np.uint8]:
    """Resizes images by area averaging to uint8 `[n, size, size]`: 255 times the fraction of ink in each area.

    >>> _resized([np.arange(105 * 105).reshape(105, 105) < 105 * 35], 3)[0, :, 0].tolist()
    [255, 0, 0]
    """
    step, edge = SIDE / size, np.arange(SIDE)
    low = np.arange(size)[:, None] * step
    overlap: Floats = np.clip(np.minimum(low + step, edge + 1) - np.maximum(low, edge), 0, None).astype(np.float32) / np.float32(step)
    return np.stack([np.rint(255 * (overlap @ image.astype(np.float32) @ overlap.T)).astype(np.uint8) for image in images])
