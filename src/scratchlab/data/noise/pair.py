"""Pair label noise: a wrong label is always the next class, as if annotators confused pairs of similar classes.

Source: Han et al. (2018), "Co-teaching: Robust Training of Deep Neural Networks with Extremely Noisy Labels", NeurIPS, arXiv 1804.06872,
section 4 ("pair flipping"). At a rate of 0.5 or more, true labels are no longer the majority
within a class, so that the classes cannot be identified.
"""

from __future__ import annotations

import numpy as np

from scratchlab.checks import Problem
from scratchlab.data.noise.given import Exact, Rate, labels_to_change
from scratchlab.types import Rows, Samples


class Pair:
    """Changes labels to the next class of training in the source's order, and labels of the last class to the first."""

    def __init__(self, *, rate: Rate, exact: Exact = True) -> None:
        self.rate, self.exact = rate, exact

    def labels(self, samples: Samples, rows: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """The given labels `[n]` of these rows."""
        if len(classes) < 2:
            raise Problem("noise.name = 'pair' needs at least two classes in training and in validation; there is one.")
        true = samples.labels[rows]
        following = classes[(np.searchsorted(classes, true) + 1) % len(classes)]
        return np.where(labels_to_change(true, self.rate, self.exact, rng), following, true)
