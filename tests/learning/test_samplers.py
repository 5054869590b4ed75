"""Samplers: the batches of an epoch, that they depend only on seed and epoch, and messages for wrong settings."""

from __future__ import annotations

import numpy as np
import pytest

from scratchlab.checks import Problem
from scratchlab.data.samplers.catalog import SAMPLERS
from scratchlab.data.samplers.class_balanced import ClassBalanced
from scratchlab.data.samplers.episodes import Episodes, validation_episodes
from scratchlab.data.samplers.interface import Episode, Sampler
from scratchlab.data.samplers.shuffled import Shuffled

LABELS = np.random.default_rng(0).permutation(np.repeat([4, 0, 7, 2], [20, 9, 30, 13]))
CLASSES = tuple("abcdefgh")
ALL: dict[str, Sampler] = {
    "class_balanced": ClassBalanced(0, classes=3, rows=4),
    "episodes": Episodes(0, way=3, shot=2, query=4, episodes=7),
    "shuffled": Shuffled(10),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_batches_are_a_function_of_seed_and_epoch(name: str) -> None:
    sampler = ALL[name]
    sampler.fits(LABELS, CLASSES)
    first = sampler.batches(LABELS, 5, 2)
    assert all(len(batch) > 1 and batch.min() >= 0 and batch.max() < len(LABELS) for batch in first)
    sampler.batches(LABELS, 5, 3)
    repeated = sampler.batches(LABELS, 5, 2)
    assert all(np.array_equal(first, second) for first, second in zip(first, repeated, strict=True))
    for seed, epoch in ((5, 3), (6, 2)):
        assert not all(np.array_equal(first, second) for first, second in zip(first, sampler.batches(LABELS, seed, epoch), strict=True))


def test_shuffled_is_a_permutation_in_batches() -> None:
    batches = Shuffled(10).batches(LABELS, 5, 2)
    assert [len(batch) for batch in batches] == [10] * 7 + [2]
    assert np.concatenate(batches).tolist() == np.random.default_rng([5, 2]).permutation(72).tolist()
    assert [len(batch) for batch in Shuffled(10).batches(LABELS[:71], 5, 2)] == [10] * 6 + [11], (
        "a last batch of a single row is merged into the one before"
    )


def test_class_balanced_has_p_classes_with_k_rows_each() -> None:
    batches = ALL["class_balanced"].batches(LABELS, 1, 0)
    assert len(batches) == 72 // 12
    for batch in batches:
        blocks = LABELS[batch].reshape(3, 4)
        assert (blocks == blocks[:, :1]).all()
        assert len(set(blocks[:, 0].tolist())) == 3
        assert len(set(batch.tolist())) == 12


def test_class_balanced_draws_classes_and_rows_equally_often() -> None:
    """Over many batches: classes are drawn equally often, and no row of a class is repeated before all were drawn."""
    batches = [batch for epoch in range(1) for batch in ClassBalanced(0, classes=2, rows=2).batches(np.tile(LABELS, 4), 1, epoch)]
    labels = np.tile(LABELS, 4)
    drawn = np.concatenate([labels[batch].reshape(2, 2)[:, 0] for batch in batches])
    counts = np.unique(drawn, return_counts=True)[1]
    assert counts.max() - counts.min() <= 1
    rows = np.concatenate([batch[labels[batch] == 0] for batch in batches])
    assert len(rows) > 36
    assert len(set(rows[:36].tolist())) == 36, "the class has 36 rows"


def test_a_class_with_fewer_rows_than_k_repeats_them() -> None:
    labels = np.array([0] * 9 + [1] * 2)
    (batch,) = ClassBalanced(0, classes=2, rows=5).batches(labels, 0, 0)
    few = batch[labels[batch] == 1]
    assert len(few) == 5
    assert set(few.tolist()) == {9, 10}


def test_episodes_are_laid_out_class_after_class() -> None:
    batches = ALL["episodes"].batches(LABELS, 1, 0)
    assert len(batches) == 7
    for batch in batches:
        blocks = LABELS[batch].reshape(3, 6)
        assert (blocks == blocks[:, :1]).all()
        assert len(set(blocks[:, 0].tolist())) == 3
        assert len(set(batch.tolist())) == 18
    episode = ALL["episodes"].episode
    assert episode == Episode(3, 2, 4)
    assert episode.support(np.arange(18)).tolist() == ([True] * 2 + [False] * 4) * 3
    assert episode.classes(np.arange(18)).tolist() == [0] * 6 + [1] * 6 + [2] * 6


def test_settings_that_do_not_fit_raise_problems() -> None:
    with pytest.raises(Problem, match=r"sampler.classes = 8 does not fit: the training rows are of 4 classes; lower sampler.classes"):
        ClassBalanced(0).fits(LABELS, CLASSES)
    with pytest.raises(Problem, match=r"sampler.way = 5 does not fit: the training rows are of 4 classes; lower sampler.way"):
        Episodes(0).fits(LABELS, CLASSES)
    with pytest.raises(Problem, match=r"Class 'a' has 9 training rows, fewer than sampler.shot \+ sampler.query = 5 \+ 15"):
        Episodes(0, way=4).fits(LABELS, CLASSES)


def test_validation_episodes_are_as_large_as_the_rows_allow() -> None:
    batches, episode = validation_episodes(LABELS, Episode(5, 5, 15), 0)
    assert episode == Episode(4, 5, 4), "four classes, the smallest of nine rows"
    assert len(batches) == 20
    assert all((LABELS[batch].reshape(4, 9) == LABELS[batch].reshape(4, 9)[:, :1]).all() for batch in batches)
    repeated, _ = validation_episodes(LABELS, Episode(5, 5, 15), 0)
    assert all(np.array_equal(first, second) for first, second in zip(batches, repeated, strict=True))
    many, _ = validation_episodes(np.tile(LABELS, 100), Episode(5, 5, 5), 0)
    assert len(many) == 7200 // 40, "about each row once, of 4 classes with 10 rows"
    few = np.array([0, 0, 0, 1, 1, 2])
    assert validation_episodes(few, Episode(5, 5, 15), 0)[1] == Episode(2, 1, 1), "the class of one row is left out"
    with pytest.raises(Problem, match=r"two classes or more with two rows each, but 4 rows of 3 classes are there; change protocol.valid"):
        validation_episodes(np.array([0, 0, 1, 2]), Episode(5, 5, 15), 0)
