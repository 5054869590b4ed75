"""Symmetric label noise: a wrong label is any other class, with equal probability.

Source: van Rooyen, Menon & Williamson (2015), "Learning with Symmetric Label Noise", NeurIPS, arXiv 1505.07634. With `exact`, the same
fraction of every class is changed, as in Ye et al., "Collaborative Refining for Person Re-Identification With Label Noise", TIP 31:379.
"""

from __future__ import annotations

import numpy as np

from scratchlab.data.noise.by_class import ByClass
from scratchlab.data.noise.given import labels_to_change
from scratchlab.types import Rows


class Symmetric(ByClass):
    """Changes labels to another class of training, uniformly, never to the true class, so that `rate` is the fraction of wrong labels.

    Called with labels `[n]`, it returns noisy ones, `[n]`; given to a run, it changes those of training and validation.

    >>> labels = np.repeat(["cat", "dog", "fox"], 10)
    >>> [int((Symmetric(rate=0.3)(labels) != labels)[labels == name].sum()) for name in ("cat", "dog", "fox")]
    [3, 3, 3]
    """

    def noisy(self, true: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """Noisy labels `[n]` of true labels `[n]`."""
        changed = labels_to_change(true, self.rate, self.exact, rng)
        steps = rng.integers(1, len(classes), len(true))  # 1 to classes - 1 steps around the circle of classes: never the true class
        wrong = classes[(np.searchsorted(classes, true) + steps) % len(classes)]
        return np.where(changed, wrong, true)
