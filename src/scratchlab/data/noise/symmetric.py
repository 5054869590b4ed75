"""Symmetric label noise: a wrong label is any other class, with equal probability.

Source: van Rooyen, Menon & Williamson (2015), "Learning with Symmetric Label Noise", NeurIPS, arXiv 1505.07634. With `exact`, the same
fraction of every class is changed, as in Ye et al., "Collaborative Refining for Person Re-Identification With Label Noise", TIP 31:379.
"""

from __future__ import annotations

import numpy as np

from scratchlab.checks import Problem
from scratchlab.data.noise.given import Exact, Rate, labels_to_change
from scratchlab.types import Rows, Samples


class Symmetric:
    """Changes labels to another class of training, uniformly, never to the true class, so that `rate` is the fraction of wrong labels."""

    def __init__(self, *, rate: Rate, exact: Exact = True) -> None:
        self.rate, self.exact = rate, exact

    def labels(self, samples: Samples, rows: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """The given labels `[n]` of these rows."""
        if len(classes) < 2:
            raise Problem("noise.name = 'symmetric' needs at least two classes in training and in validation; there is one.")
        true = samples.labels[rows]
        changed = labels_to_change(true, self.rate, self.exact, rng)
        steps = rng.integers(1, len(classes), len(rows))  # 1 to classes - 1 steps around the circle of classes: never the true class
        wrong = classes[(np.searchsorted(classes, true) + steps) % len(classes)]
        return np.where(changed, wrong, true)
