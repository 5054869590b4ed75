"""Symmetric label noise: a wrong label is any other class, with equal probability.

Source: van Rooyen, Menon & Williamson (2015), "Learning with Symmetric Label Noise", NeurIPS, arXiv 1505.07634. With `exact`, the same
share of every class is changed, as in Ye et al., "Collaborative Refining for Person Re-Identification With Label Noise", TIP 31:379.
"""

from __future__ import annotations

import numpy as np

from scratchlab.checks import Problem
from scratchlab.data.noise.given import Exact, Rate, chosen
from scratchlab.types import Rows, Samples


class Symmetric:
    """Changes labels to another class in play, uniformly: never to the true one, so that `rate` is the share of wrong labels."""

    def __init__(self, *, rate: Rate, exact: Exact = True) -> None:
        self.rate, self.exact = rate, exact

    def labels(self, samples: Samples, rows: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """Given labels `[n]` of these rows."""
        if len(classes) < 2:
            raise Problem("noise.name = 'symmetric' needs two classes or more among the labels that it may change; there is one.")
        true = samples.labels[rows]
        changed = chosen(true, self.rate, self.exact, rng)
        steps = rng.integers(1, len(classes), len(rows))  # around the circle of classes, at least one and never all the way
        wrong = classes[(np.searchsorted(classes, true) + steps) % len(classes)]
        return np.where(changed, wrong, true)
