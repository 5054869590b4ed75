"""ORL: faces of 40 people, ten images each. F. S. Samaria, A. C. Harter, "Parameterisation of a stochastic model for human face
identification", 1994: the database of AT&T Laboratories Cambridge, formerly Olivetti Research Laboratory (for research)."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data.sources import archive, images, locate
from scratchlab.types import Image, Samples

_ADVICE = (
    "give an .npz file of grey images x and persons y with -s data.root=FILE; scikit-learn downloads them at 64 × 64 pixels: "
    "f = sklearn.datasets.fetch_olivetti_faces(); numpy.savez('faces.npz', x=(255 * f.images).round().astype('uint8'), y=f.target)"
)


class ORL:
    """People are the classes; an id is the person and the number of the image in the file's order (`7/03`). There are no groups.

    `load` of the Samples gives images `[n, 1, height, width]`.

    >>> ORL(root="faces.npz", height=64, width=64).form
    Image(channels=1, height=64, width=64)
    """

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="an .npz file: uint8 x [n, height, width] and integers y [n], the persons")] = "",
        height: Annotated[int, Field(ge=1, description="image height in pixels; 64 for scikit-learn's version")] = 112,
        width: Annotated[int, Field(ge=1, description="image width in pixels; 64 for scikit-learn's version")] = 92,
    ) -> None:
        self.form = Image(1, height, width)
        self.root = root

    def read(self) -> Samples:
        """Reads the images into memory as uint8."""
        path = locate.path(self.root, _ADVICE)
        x, y = archive.arrays(path, ("x", "y"), _ADVICE)
        shape = (len(x) if x.ndim else 0, self.form.height, self.form.width)
        if x.dtype != np.uint8 or x.shape != shape or y.shape != shape[:1] or y.dtype.kind not in "iu" or not len(x):
            raise Problem(
                f"{path}: expected x as uint8 [n, {shape[1]}, {shape[2]}] (data.height, data.width) and y as integers [n], not {x.dtype} "
                f"{x.shape} and {y.dtype} {y.shape}."
            )
        persons, labels = np.unique(y, return_inverse=True)
        numbers = np.zeros(len(y), dtype=np.int64)
        for label in range(len(persons)):
            rows = np.flatnonzero(labels == label)
            numbers[rows] = np.arange(1, len(rows) + 1)
        return Samples(
            ids=np.array([f"{person}/{number:02d}" for person, number in zip(y, numbers, strict=True)]),
            labels=labels.astype(np.int64),
            classes=tuple(str(person) for person in persons),
            groups={},
            splits=np.full(len(y), ""),
            form=self.form,
            load=images.InMemory(x[:, None]).load,
        )
