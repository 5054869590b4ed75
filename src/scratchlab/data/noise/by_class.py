"""Base class of label noise that depends on the true class alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array
from scratchlab.data.noise.given import Exact, Rate
from scratchlab.types import Rows, Samples


class ByClass:
    """Changes a fraction `rate` of the labels. Called with labels `[n]`, names or numbers, it returns the noisy ones."""

    def __init__(self, *, rate: Rate, exact: Exact = True) -> None:
        if not 0 <= rate < 1:
            raise Problem(f"rate = {rate:g} does not fit: a noise rate is the fraction of labels that is changed, from 0 to below 1.")
        self.rate, self.exact = rate, exact

    def __call__(self, labels: npt.ArrayLike, *, seed: int = 0) -> npt.NDArray[Any]:
        """Noisy labels `[n]` of labels `[n]`, each one of their values. Raises Problem for other shapes, and for fewer than two classes."""
        names, true = np.unique(as_array(labels, "n", "labels"), return_inverse=True)
        return names[self._noisy(true, np.arange(len(names)), np.random.default_rng(seed))]

    def labels(self, samples: Samples, rows: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """The given labels `[n]` of these rows."""
        return self._noisy(samples.labels[rows], classes, rng)

    def _noisy(self, true: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        if len(classes) < 2:
            name = type(self).__name__.lower()
            raise Problem(f"Label noise '{name}' needs at least two classes, in training and in validation; there is {len(classes)}.")
        return self.noisy(true, classes, rng)

    def noisy(self, true: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """Noisy labels `[n]` of true labels `[n]`, each one of the sorted `classes`. Defined by each kind of noise."""
        raise NotImplementedError
