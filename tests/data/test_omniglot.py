"""Omniglot: what is in its files, and what a person is told."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from tests.data import refusals

from scratchlab.data.sources.omniglot import Omniglot

PART = "images_background"
SMALL = ["images_background_small1", "images_background_small2"]


def image(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Picture.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def written(root: Path, files: dict[str, bytes], part: str = PART) -> Path:
    with zipfile.ZipFile(root / f"{part}.zip", "w") as packed:
        for name, content in files.items():
            packed.writestr(f"{part}/{name}", content)
    return root


def told(root: Path) -> str:
    return refusals.told(Omniglot(root=str(root), parts=[PART]), root)


def test_ink_is_one_and_areas_are_averaged(tmp_path: Path) -> None:
    """105 pixels to 7: areas of 15 × 15. The second has 3 of its 15 rows in ink: 0.2."""
    paper = np.ones((105, 105), bool)
    paper[15:18, :15] = False
    written(tmp_path, {"Greek/character02/0002_07.png": image(paper)})
    samples = Omniglot(root=str(tmp_path), parts=[PART], size=7).read()
    values = samples.load(np.array([0])).values[0, 0]
    assert values.shape == (7, 7)
    assert values[1, 0] == pytest.approx(51 / 255)
    assert values.sum() == pytest.approx(51 / 255)
    assert (samples.classes, samples.groups["alphabet"].tolist(), samples.groups["drawer"].tolist()) == (
        ("Greek/character02",),
        ["Greek"],
        ["Greek/07"],
    )


@pytest.mark.parametrize("size", [28, 32, 105])
def test_averaging_equals_its_slow_twin(tmp_path: Path, size: int) -> None:
    """Each pixel repeated `size` times each way, then blocks of 105 × 105 averaged: exact for every ratio."""
    paper = np.random.default_rng(size).random((105, 105)) > 0.3
    written(tmp_path, {"Greek/character02/0002_07.png": image(paper)})
    found = Omniglot(root=str(tmp_path), parts=[PART], size=size).read().load(np.array([0])).values[0, 0]
    wide = np.repeat(np.repeat(~paper, size, 0), size, 1).reshape(size, 105, size, 105).mean((1, 3))
    assert np.abs(found - wide).max() <= 0.5 / 255 + 1e-6


def test_the_publishers_split_is_by_set(tmp_path: Path) -> None:
    paper = image(np.ones((105, 105), bool))
    written(tmp_path, {"Greek/character01/0001_01.png": paper})
    written(tmp_path, {"Tengwar/character01/0900_01.png": paper}, "images_evaluation")
    assert Omniglot(root=str(tmp_path)).read().splits.tolist() == ["train", "test"]


def test_the_real_small_sets(real_data: Callable[[str], Path]) -> None:
    """136 and 156 characters, of which Greek and Latin, 50, stand in both; 20 drawings of each."""
    samples = Omniglot(root=str(real_data("omniglot")), parts=SMALL).read()
    assert (len(samples), len(samples.classes), len(set(samples.groups["alphabet"].tolist()))) == (4840, 242, 8)
    assert (np.bincount(samples.labels) == 20).all()
    assert len(np.unique(np.stack([samples.labels.astype(str), samples.groups["drawer"]]), axis=1).T) == 4840
    assert 0.05 < samples.load(np.arange(len(samples))).values.mean() < 0.12


def test_what_is_damaged_is_told(tmp_path: Path) -> None:
    assert "contains neither images_background.zip nor a folder images_background" in told(tmp_path)
    (tmp_path / f"{PART}.zip").write_bytes(b"no archive")
    assert "cannot be read as a zip archive" in told(tmp_path)
    assert "contains no .png file" in told(written(tmp_path, {"Greek/readme.txt": b""}))
    assert "is not named alphabet/characterNN/NNNN_NN.png" in told(written(tmp_path, {"Greek/alpha/0001_01.png": b""}))
    assert "0001_01.png cannot be decoded as a PNG image" in told(written(tmp_path, {"Greek/character01/0001_01.png": b"none"}))
    whole = image(np.random.default_rng(0).random((105, 105)) > 0.5)
    assert "0001_01.png cannot be decoded as a PNG image" in told(written(tmp_path, {"Greek/character01/0001_01.png": whole[:500]}))
    small = image(np.ones((50, 40), bool))
    assert "has 40 × 50 pixels; expected 105 × 105" in told(written(tmp_path, {"Greek/character01/0001_01.png": small}))
