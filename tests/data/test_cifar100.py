"""CIFAR-100: what is in its files, and what a person is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.data import refusals

from scratchlab.data.sources.cifar100 import CIFAR100

PIXELS = 3 * 32 * 32


def record(fine: int, red: int, green: int, blue: int) -> bytes:
    """One image of a single colour, but for its second pixel, which is black."""
    return bytes([7, fine]) + b"".join(bytes([value, 0]) + bytes([value]) * 1022 for value in (red, green, blue))


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    """A folder as the publisher's archive unpacks, with four images."""
    folder = tmp_path / "cifar-100-binary"
    folder.mkdir()
    (folder / "train.bin").write_bytes(record(2, 255, 51, 0) + record(0, 0, 0, 255) + record(99, 1, 2, 3))
    (folder / "test.bin").write_bytes(record(2, 0, 255, 0))
    (folder / "fine_label_names.txt").write_text("".join(f"kind_{i:02d}\n" for i in range(100)))
    return folder


def told(root: Path) -> str:
    return refusals.told(CIFAR100(root=str(root)), root)


def test_records(binary: Path) -> None:
    samples = CIFAR100(root=str(binary)).read()
    assert samples.ids.tolist() == ["train/00000", "train/00001", "train/00002", "test/00000"]
    assert samples.groups == {}
    assert samples.splits.tolist() == ["train"] * 3 + ["test"]
    assert [samples.classes[label] for label in samples.labels] == ["kind_02", "kind_00", "kind_99", "kind_02"]
    values = samples.load(np.array([0, 1])).values
    assert values.shape == (2, 3, 32, 32)
    assert np.allclose(values[0, :, 5, 5], [1.0, 0.2, 0.0])
    assert not values[:, :, 0, 1].any()  # the second pixel of the first row, not the first of the second
    assert values[0, 0, 1, 0] == 1


def test_without_names_classes_are_numbers(binary: Path) -> None:
    (binary / "fine_label_names.txt").unlink()
    assert CIFAR100(root=str(binary)).read().classes[98:] == ("98", "99")


def test_both_forms_hold_the_same(binary: Path, tmp_path: Path) -> None:
    whole = CIFAR100(root=str(binary)).read()
    pixels = np.rint(whole.load(np.arange(4)).values * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    for split in ("train", "test"):
        own = whole.splits == split
        np.savez(tmp_path / f"{split}.npz", x=pixels[own], y=whole.labels[own].astype(np.uint8), classes=np.array(whole.classes))
    again = CIFAR100(root=str(tmp_path)).read()
    assert again.ids.tolist() == whole.ids.tolist()
    assert again.labels.tolist() == whole.labels.tolist()
    assert again.classes == whole.classes
    assert np.array_equal(again.load(np.arange(4)).values, whole.load(np.arange(4)).values)


def test_damaged_records(binary: Path) -> None:
    (binary / "fine_label_names.txt").write_text("apple\npear\n")
    assert "must name 100 different classes" in told(binary)
    (binary / "fine_label_names.txt").unlink()
    (binary / "test.bin").write_bytes(record(1, 0, 0, 0) + record(100, 0, 0, 0))
    assert "record 2: the fine label is 100" in told(binary)
    (binary / "test.bin").write_bytes(record(1, 0, 0, 0)[:-1])
    assert "its 3073 bytes are no multiple of 3074" in told(binary)
    (binary / "test.bin").unlink()
    assert "has no test.bin" in told(binary)


def test_damaged_arrays(tmp_path: Path) -> None:
    images, labels, classes = np.zeros((4, 32, 32, 3), np.uint8), np.arange(4), np.array(list("abcd"))

    def with_arrays(**changed: np.ndarray) -> str:
        np.savez(tmp_path / "train.npz", **{"x": images, "y": labels, "classes": classes, **changed})
        return told(tmp_path)

    assert "nor an .npz file with 'test' in its name" in with_arrays()
    np.savez(tmp_path / "test.npz", x=images, y=labels, classes=classes)
    assert len(CIFAR100(root=str(tmp_path)).read()) == 8
    assert "float64 (4, 32, 32, 3) and int64 (4,)" in with_arrays(x=images / 255)
    assert "expected bytes x [n, 32, 32, 3]" in with_arrays(x=images.transpose(0, 3, 1, 2))
    assert "int64 (3,)" in with_arrays(y=labels[:3])
    assert "between 0 and 3" in with_arrays(y=labels + 1)
    assert "names a class twice" in with_arrays(classes=np.array(list("abca")))
    assert "do not name the same classes" in with_arrays(classes=classes[::-1])
    assert "cannot be read as an .npz file" in with_arrays(classes=classes.astype(object))  # would have to be unpickled
    np.savez(tmp_path / "train.npz", images=images)
    assert "contains the arrays images; expected x, y and classes" in told(tmp_path)
    (tmp_path / "train.npz").write_bytes(b"no archive")
    assert "cannot be read as an .npz file" in told(tmp_path)
    (tmp_path / "train.npz").unlink()
    np.savez(tmp_path / "train_and_test.npz", x=images, y=labels, classes=classes)
    assert "rename it" in told(tmp_path)


def test_real_images_are_what_they_are_called(real_data: Callable[[str], Path]) -> None:
    """Channels and pixels stand in the right order: an orange is redder than it is blue, the sea is the other way round."""
    samples = CIFAR100(root=str(real_data("images/cifar100_train40.npz").parent)).read()
    assert len(samples.classes) == 100
    assert (np.bincount(samples.labels[samples.splits == "train"]) == 40).all()
    assert (np.bincount(samples.labels[samples.splits == "test"]) == 15).all()

    def colour(name: str) -> np.ndarray:
        return samples.load(np.flatnonzero(samples.labels == samples.classes.index(name))).values.mean((0, 2, 3))

    red, _, blue = colour("orange")
    assert red > blue + 0.2
    red, _, blue = colour("sea")
    assert blue > red
