"""A linear classifier of features, which takes new classes from a few shots: what a network has to beat.

Linear discriminant analysis with equal priors and shrinkage (Ledoit and Wolf, 2004, "A well-conditioned estimator for large-dimensional
covariance matrices"). New classes add their means; the covariance stays that of the classes it was fitted to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from scratchlab.types import Floats, Rows, Scores

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LinearClassifier:
    """centre, scale: `[d]`, of the features it was fitted to. covariance: `[d, d]` within classes, after centring and scaling.

    means: `[c, d]` of the classes `[c]`.
    """

    centre: Doubles
    scale: Doubles
    covariance: Doubles
    means: Doubles
    classes: Rows

    @classmethod
    def fit(cls, features: Floats, labels: Rows) -> LinearClassifier:
        """From features `[n, d]` and their labels `[n]`."""
        from sklearn import covariance as estimators  # half a second, which runs without a linear baseline need not wait

        values = features.astype(np.float64)
        centre, scale = values.mean(0), values.std(0)
        scale[scale == 0] = 1.0
        values = (values - centre) / scale
        means, classes = _means(values, labels)
        within = values - means[np.searchsorted(classes, labels)]
        covariance: Doubles = cast(Any, estimators).ledoit_wolf(within, assume_centered=True)[0]
        return cls(centre, scale, covariance, means, classes)

    def extended(self, features: Floats, labels: Rows) -> LinearClassifier:
        """With the classes of these features `[n, d]` and labels `[n]`, none of which it knows."""
        means, classes = _means((features - self.centre) / self.scale, labels)
        return replace(self, means=np.concatenate([self.means, means]), classes=np.concatenate([self.classes, classes]))

    def scores(self, features: Floats) -> Scores:
        """Of features `[n, d]`: log-probabilities of the classes, but for what all of them share."""
        weights = np.linalg.solve(self.covariance + 1e-9 * np.eye(len(self.centre)), self.means.T)
        values = (features - self.centre) / self.scale @ weights - 0.5 * (self.means.T * weights).sum(0)
        return Scores(values.astype(np.float32), self.classes)


def _means(values: Doubles, labels: Rows) -> tuple[Doubles, Rows]:
    """`[c, d]`, and the labels they belong to, in ascending order."""
    classes, places = np.unique(labels, return_inverse=True)
    sums = np.zeros((len(classes), values.shape[1]))
    np.add.at(sums, places, values)
    return sums / np.bincount(places)[:, None], classes
