"""Accuracy and AUROC of episodes against slow reference implementations and a case computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.metrics.episodes import episode_accuracy, episode_auroc

# one episode of two ways: three known queries, two unknown ones
SCORES = np.array([[[0.9, 0.1], [0.4, 0.3], [0.2, 0.7], [0.4, 0.1], [0.5, 0.6]]], np.float32)
TARGET = np.array([[0, 1, 1, -1, -1]])


def test_by_hand() -> None:
    """Known queries answer 0, 0, 1 to 0, 1, 1: 2 of 3. Their best scores .9, .4, .7 against .4, .6 of the unknown: of 6 pairs .9 wins 2,
    .4 ties one, .7 wins 2: 4.5 of 6."""
    assert episode_accuracy(SCORES, TARGET).tolist() == [pytest.approx(2 / 3)]
    auroc = episode_auroc(SCORES, TARGET)
    assert auroc is not None
    assert auroc.tolist() == [pytest.approx(0.75)]


@st.composite
def episodes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """1 to 6 episodes with ties among the scores, at least one known and one unknown query in each, in any order."""
    number, queries, way = draw(st.integers(1, 6)), draw(st.integers(2, 9)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    target = rng.integers(-1, way, (number, queries))
    target[:, 0], target[:, 1] = 0, -1
    return rng.integers(0, 5, (number, queries, way)).astype(np.float32), rng.permuted(target, axis=1)


@given(episodes())
def test_slow_references(case: tuple[np.ndarray, np.ndarray]) -> None:
    scores, target = case
    accuracy, auroc = episode_accuracy(scores, target), episode_auroc(scores, target)
    assert auroc is not None
    for i in range(len(scores)):
        right, known, unknown = [], [], []
        for one, place in zip(scores[i], target[i], strict=True):
            if place < 0:
                unknown.append(max(one))
            else:
                known.append(max(one))
                right.append(next(c for c, score in enumerate(one) if score == max(one)) == place)
        assert accuracy[i] == pytest.approx(sum(right) / len(right))
        wins = sum((a > b) + 0.5 * (a == b) for a in known for b in unknown)
        assert auroc[i] == pytest.approx(wins / (len(known) * len(unknown)))


def test_without_unknown_queries_there_is_no_auroc() -> None:
    assert episode_auroc(SCORES[:, :3], TARGET[:, :3]) is None
    assert episode_auroc(SCORES[:, 3:], TARGET[:, 3:]) is None
