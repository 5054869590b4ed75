"""CIFAR-10: what is in its files, and what a person is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.data import refusals

from scratchlab.checks import Problem
from scratchlab.data.sources.cifar10 import CIFAR10, CLASSES

PIXELS = 3 * 32 * 32


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    """A folder as the publisher's archive unpacks, one image a file: a red one, then darker ones."""
    for place, name in enumerate([*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]):
        red, rest = bytes([255 - place]) * 1024, bytes(2 * 1024)
        (tmp_path / f"{name}.bin").write_bytes(bytes([9 - place]) + red + rest)
    return tmp_path


def told(root: Path, **settings: str) -> str:
    return refusals.told(CIFAR10(root=str(root), **settings), root)


def test_records(binary: Path) -> None:
    samples = CIFAR10(root=str(binary)).read()
    assert samples.ids.tolist()[::5] == ["data_batch_1/00000", "test_batch/00000"]
    assert samples.splits.tolist() == ["train"] * 5 + ["test"]
    assert [samples.classes[label] for label in samples.labels] == ["truck", "ship", "horse", "frog", "dog", "deer"]
    values = samples.load(np.array([5])).values
    assert np.allclose(values.mean((0, 2, 3)), [250 / 255, 0, 0])


def test_damaged_records(binary: Path) -> None:
    (binary / "test_batch.bin").write_bytes(bytes([3]) * (1 + PIXELS) + bytes([10]) * (1 + PIXELS))
    assert "record 2: the label is 10, but there are 10 classes" in told(binary)
    (binary / "test_batch.bin").write_bytes(bytes(PIXELS))
    assert "its 3072 bytes are no multiple of 3073" in told(binary)
    (binary / "test_batch.bin").unlink()
    assert "has no test_batch.bin; give the folder" in told(binary)


def test_arrays_and_which_labels(tmp_path: Path) -> None:
    path = tmp_path / "few.npz"
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    np.savez(path, x=images, y=np.arange(4), worse=np.array([9, 9, 9, 9], np.uint8))
    samples = CIFAR10(root=str(path)).read()
    assert samples.classes == CLASSES
    assert samples.splits.tolist() == [""] * 4
    assert samples.labels.tolist() == [0, 1, 2, 3]
    assert CIFAR10(root=str(path), labels="worse").read().labels.tolist() == [9] * 4
    assert np.array_equal(samples.load(np.arange(4)).values, (images.transpose(0, 3, 1, 2) / np.float32(255)))
    assert "contains the arrays x, y, worse; expected x and clean" in told(path, labels="clean")
    np.savez(path, x=images, clean=np.array([0, 1, 2, 10]))
    assert "between 0 and 9" in told(path, labels="clean")
    np.savez(path, x=images, clean=np.zeros(4))
    assert "whole numbers clean [n], not uint8 (4, 32, 32, 3) and float64 (4,)" in told(path, labels="clean")


def test_root(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"data\.root is not given; give the folder"):
        CIFAR10().read()
    assert "is not there" in told(tmp_path / "gone")
    assert "has no data_batch_1.bin" in told(tmp_path)
    (tmp_path / "notes.txt").write_text("no archive")
    assert "cannot be read as an .npz file" in told(tmp_path / "notes.txt")


def test_real_images_are_what_they_are_called(real_data: Callable[[str], Path]) -> None:
    """Frogs are greener than they are blue, aeroplanes fly before a blue sky; the worst of three strangers' labels are wrong in 4 of 10."""
    root = str(real_data("images/cifar10n_sub4000.npz"))
    samples = CIFAR10(root=root, labels="clean").read()
    assert len(samples) == 4000
    assert np.bincount(samples.labels, minlength=10).min() > 300

    def colour(name: str) -> np.ndarray:
        return samples.load(np.flatnonzero(samples.labels == CLASSES.index(name))).values.mean((0, 2, 3))

    _, green, blue = colour("frog")
    assert green > blue + 0.05
    _, green, blue = colour("airplane")
    assert blue > green
    worse = CIFAR10(root=root, labels="worse_label").read().labels
    assert 0.35 < (worse != samples.labels).mean() < 0.45
