"""The linear baseline against scikit-learn's, and how it takes new classes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from scratchlab.learn.linear import LinearClassifier

RNG = np.random.default_rng(0)
LABELS = np.repeat([3, 5, 9], 20)
FEATURES = (RNG.normal(size=(60, 6)) + RNG.normal(size=(10, 6))[LABELS]).astype(np.float32) * [1, 1, 1, 1, 1, 100]


def test_scores_are_those_of_shrunk_discriminant_analysis() -> None:
    queries = RNG.normal(size=(30, 6)) * [1, 1, 1, 1, 1, 100]
    scores = LinearClassifier.fit(FEATURES, LABELS).scores(queries).values
    centred = (FEATURES - FEATURES.mean(0)) / FEATURES.std(0)
    peer = LinearDiscriminantAnalysis(solver="eigen", covariance_estimator=Within(), priors=[1 / 3] * 3).fit(centred, LABELS)
    expected = peer.decision_function((queries - FEATURES.mean(0)) / FEATURES.std(0))
    assert np.allclose(scores - scores.mean(1, keepdims=True), expected - expected.mean(1, keepdims=True), atol=1e-3)


class Within:
    """scikit-learn shrinks each class on its own; this, as ours, the covariance within all of them."""

    def fit(self, values: np.ndarray) -> Within:
        from sklearn.covariance import ledoit_wolf

        standard = (FEATURES - FEATURES.mean(0)) / FEATURES.std(0)
        means = np.stack([standard[label == LABELS].mean(0) for label in LABELS])
        self.covariance_ = ledoit_wolf(standard - means, assume_centered=True)[0]
        return self


def test_new_classes_join_with_their_means_and_old_scores_stay() -> None:
    base = LinearClassifier.fit(FEATURES, LABELS)
    shots = RNG.normal(8, 0.1, size=(5, 6))
    both = base.extended(shots, np.full(5, 1))
    assert both.classes.tolist() == [3, 5, 9, 1]
    assert np.allclose(both.scores(FEATURES).values[:, :3], base.scores(FEATURES).values, atol=1e-4)
    assert (both.scores(shots).predicted() == 1).all()
    assert base.classes.tolist() == [3, 5, 9], "the classifier before is unchanged"


@pytest.mark.parametrize("features", [np.zeros((60, 4)), FEATURES[:, [0, 0, 0]], np.repeat(FEATURES[:3], 20, 0)])
def test_constant_and_repeated_features_give_finite_scores(features: np.ndarray) -> None:
    assert np.isfinite(LinearClassifier.fit(features, LABELS).scores(features).values).all()
