"""The synthetic melodies: their order in time generalises across speakers, their average spectrum does not."""

from __future__ import annotations

import numpy as np
import pytest

from scratchlab.data.sources.synthetic import Synthetic


def held_out_accuracy(features: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> float:
    """Accuracy of the nearest class mean, trained on the first half of the speakers and tested on the others."""
    names = np.unique(groups)
    train = np.isin(groups, names[: len(names) // 2])
    means = np.stack([features[train & (labels == c)].mean(axis=0) for c in np.unique(labels)])
    distances = ((features[~train][:, None] - means) ** 2).sum(axis=2)
    return float(np.mean(distances.argmin(axis=1) == labels[~train]))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_order_in_time_determines_the_class(seed: int) -> None:
    samples = Synthetic(classes=6, groups=16, clips=4, rate=8000, seed=seed).read()
    sound = samples.load(np.arange(len(samples))).values
    frames = sound[:, : sound.shape[1] // 400 * 400].reshape(len(sound), -1, 400)
    spectra = np.abs(np.fft.rfft(frames * np.hanning(400), axis=2))[:, :, 8:60]
    pitch = np.log(spectra.argmax(axis=2) + 8.0)
    contour = pitch - pitch.mean(axis=1, keepdims=True)  # removes the speaker's pitch
    average = np.log(spectra.mean(axis=1) + 1e-3)
    assert held_out_accuracy(contour, samples.labels, samples.groups["speaker"]) > 0.75
    assert held_out_accuracy(average, samples.labels, samples.groups["speaker"]) < 0.45


def test_lengths_vary_with_vary() -> None:
    samples = Synthetic(seconds=0.5, vary=0.5, rate=8000).read()
    lengths = samples.load(np.arange(len(samples))).lengths
    assert len(np.unique(lengths)) > 50
    assert 2000 <= lengths.min() < 2300
    assert 3700 < lengths.max() <= 4000
    assert set(Synthetic(seconds=0.5, rate=8000).read().load(np.arange(5)).lengths.tolist()) == {4000}


def test_clips_depend_on_the_seed_alone() -> None:
    rows = np.arange(3)
    first, again, other = (Synthetic(seed=seed, seconds=0.1).read().load(rows).values for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize("classes", [2, 6, 7, 24, 25, 120])
def test_every_class_has_its_own_melody(classes: int) -> None:
    melodies = Synthetic(classes=classes, groups=1, clips=1, seconds=0.1).read().load.__self__  # type: ignore[attr-defined]
    assert len(set(melodies.orders)) == classes
