"""Small handwritten digits that are part of scikit-learn. E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.

https://doi.org/10.24432/C50P49 (CC BY 4.0). scikit-learn includes the 1,797 digits of the published test part, written by 13 people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from scratchlab.types import Batch, Floats, Image, Rows, Samples

SIDE, MAX_VALUE = 8, 16


class SklearnDigits:
    """Ten digits as images of 8 × 8 pixels, `[n, 1, 8, 8]`. The writers of the digits are not published, so there are no groups.

    >>> digits = SklearnDigits().read()
    >>> len(digits), digits.labels[:4], digits.load(np.arange(4)).values.shape
    (1797, array([0, 1, 2, 3]), (4, 1, 8, 8))
    """

    def __init__(self) -> None:
        self.form = Image(1, SIDE, SIDE)

    def read(self) -> Samples:
        """Reads the images into memory."""
        from sklearn.datasets import load_digits  # imported here, since it is slow to import

        digits = cast(Any, load_digits())
        n = len(digits.target)
        return Samples(
            ids=np.array([f"digits/{row:04d}" for row in range(n)]),
            labels=digits.target.astype(np.int64),
            classes=tuple(map(str, range(10))),
            groups={},
            splits=np.full(n, "", dtype="<U1"),
            form=self.form,
            load=_Images(digits.images[:, None].astype(np.float32) / MAX_VALUE).load,
        )


@dataclass(frozen=True)
class _Images:
    """values: `[n, 1, 8, 8]` in [0, 1]."""

    values: Floats

    def load(self, rows: Rows) -> Batch:
        """Loads values `[len(rows), 1, 8, 8]`."""
        return Batch(self.values[rows], np.full(len(rows), SIDE, dtype=np.int64))
