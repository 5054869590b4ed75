"""Pair label noise: a wrong label is always the next class, as if annotators confused pairs of similar classes.

Source: Han et al. (2018), "Co-teaching: Robust Training of Deep Neural Networks with Extremely Noisy Labels", NeurIPS, arXiv 1804.06872,
section 4 ("pair flipping"). At a rate of 0.5 or more, true labels are no longer the majority
within a class, so that the classes cannot be identified.
"""

from __future__ import annotations

import numpy as np

from scratchlab.data.noise.by_class import ByClass
from scratchlab.data.noise.given import labels_to_change
from scratchlab.types import Rows


class Pair(ByClass):
    """Changes labels to the next class of training in the source's order, and labels of the last class to the first.

    Called with labels `[n]`, it returns noisy ones, `[n]`; given to a run, it changes those of training and validation.

    >>> Pair(rate=0.5)([0, 0, 1, 1, 2, 2])
    array([0, 1, 1, 2, 0, 2])
    """

    def noisy(self, true: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """Noisy labels `[n]` of true labels `[n]`."""
        following = classes[(np.searchsorted(classes, true) + 1) % len(classes)]
        return np.where(labels_to_change(true, self.rate, self.exact, rng), following, true)
