"""A subset of samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scratchlab.data.sources.sklearn_digits import SklearnDigits
from scratchlab.data.subset import subset


def test_a_subset_keeps_only_the_classes_that_occur() -> None:
    """Labels, given labels and inputs are those of the rows, in their order."""
    digits = SklearnDigits().read()
    rows = np.array([4, 3, 13, 5])  # 4, 3, 3, 5
    some = subset(replace(digits, given=np.where(np.arange(len(digits)) == 13, 7, digits.labels)), rows)
    assert some.classes == ("3", "4", "5", "7")
    assert [some.classes[label] for label in some.labels] == ["4", "3", "3", "5"]
    assert some.given is not None
    assert [some.classes[label] for label in some.given] == ["4", "3", "7", "5"]
    assert list(some.ids) == list(digits.ids[rows])
    assert np.array_equal(some.load(np.array([2])).values, digits.load(np.array([13])).values)
