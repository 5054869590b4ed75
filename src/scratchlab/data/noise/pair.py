"""Pair label noise: a wrong label is always the next class, as where annotators confuse two neighbours.

Source: Han et al. (2018), "Co-teaching: Robust Training of Deep Neural Networks with Extremely Noisy Labels", NeurIPS, arXiv 1804.06872,
section 4 ("pair flipping"). At a rate of 0.5 or more, most labels of a class are wrong and a learner cannot tell which class is meant.
"""

from __future__ import annotations

import numpy as np

from scratchlab.checks import Problem
from scratchlab.data.noise.given import Exact, Rate, chosen
from scratchlab.types import Rows, Samples


class Pair:
    """Changes labels to the next class in play in the source's order; of the last one to the first."""

    def __init__(self, *, rate: Rate, exact: Exact = True) -> None:
        self.rate, self.exact = rate, exact

    def labels(self, samples: Samples, rows: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """Given labels `[n]` of these rows."""
        if len(classes) < 2:
            raise Problem("noise.name = 'pair' needs two classes or more among the labels that it may change; there is one.")
        true = samples.labels[rows]
        following = classes[(np.searchsorted(classes, true) + 1) % len(classes)]
        return np.where(chosen(true, self.rate, self.exact, rng), following, true)
