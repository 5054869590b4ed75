"""Faces of 40 people, ten images each. F. S. Samaria, A. C. Harter, "Parameterisation of a stochastic model for human face
identification", 1994: the database of AT&T Laboratories Cambridge, once Olivetti Research Laboratory (for research)."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem
from scratchlab.data.sources import archive, images, place
from scratchlab.types import Image, Samples

_ADVICE = (
    "give an .npz file of grey images x and persons y with -s data.root=FILE; scikit-learn fetches them in 64 × 64 pixels: "
    "f = sklearn.datasets.fetch_olivetti_faces(); numpy.savez('faces.npz', x=(255 * f.images).round().astype('uint8'), y=f.target)"
)


class ORL:
    """People are the classes; ids number a person's images in the order of the file (`7/03`). Nothing is known of the days or cameras."""

    def __init__(
        self,
        *,
        root: Annotated[str, Field(description="an .npz file: bytes x [n, height, width] and whole numbers y [n], the persons")] = "",
        height: Annotated[int, Field(ge=1, description="rows of an image; 64 as scikit-learn has them")] = 112,
        width: Annotated[int, Field(ge=1, description="columns of an image; 64 as scikit-learn has them")] = 92,
    ) -> None:
        self.form = Image(1, height, width)
        self.root = root

    def read(self) -> Samples:
        """Reads the images into memory, as bytes."""
        path = place.given(self.root, _ADVICE)
        x, y = archive.arrays(path, ("x", "y"), _ADVICE)
        shape = (len(x) if x.ndim else 0, self.form.height, self.form.width)
        if x.dtype != np.uint8 or x.shape != shape or y.shape != shape[:1] or y.dtype.kind not in "iu" or not len(x):
            raise Problem(
                f"{path}: expected bytes x [n, {shape[1]}, {shape[2]}] (data.height, data.width) and whole numbers y [n], not {x.dtype} "
                f"{x.shape} and {y.dtype} {y.shape}."
            )
        persons, labels = np.unique(y, return_inverse=True)
        number = np.zeros(len(y), dtype=np.int64)
        for label in range(len(persons)):
            own = np.flatnonzero(labels == label)
            number[own] = np.arange(1, len(own) + 1)
        return Samples(
            ids=np.array([f"{person}/{one:02d}" for person, one in zip(y, number, strict=True)]),
            labels=labels.astype(np.int64),
            classes=tuple(str(person) for person in persons),
            groups={},
            splits=np.full(len(y), ""),
            form=self.form,
            load=images.InMemory(x[:, None]).load,
        )
