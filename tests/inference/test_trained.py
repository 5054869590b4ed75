"""A finished run answers for new files and arrays, as it did for its queries; what cannot be answered is told in a sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
import torch
from PIL import Image as Picture
from rich.console import Console

import scratchlab as sl
from scratchlab.checks import Problem
from scratchlab.experiment import perform
from scratchlab.inference import trained
from scratchlab.inference.inputs import read
from scratchlab.inference.trained import TrainedRun
from scratchlab.pipeline import SECTIONS
from scratchlab.recipe import resolve
from scratchlab.store.run import Run
from scratchlab.types import Waveform, rows

IMAGES: dict[str, Any] = {
    "data": {"name": "sklearn_digits"},
    "frontend": {"name": "pixels"},
    "encoder": {"name": "conv4", "channels": 8},
    "protocol": {"base": 3, "way": 1, "shot": 3, "sessions": 2, "order": "source", "draws": 2, "test": 0.1},
    "similarity": {"cosine": {}, "l2": {}},
    "training": {"epochs": 1, "batch": 64},
    "schedule": {"warmup": 0},
}
SOUND: dict[str, Any] = {
    "data": {"name": "synthetic", "classes": 4, "groups": 6, "clips": 4, "seconds": 0.4},
    "protocol": {"name": "closed_set"},
    "encoder": {"width": 1.0},
    "training": {"epochs": 8, "batch": 12},
    "temporal": {"centre": True},
}
RETRIEVAL: dict[str, Any] = {
    "data": {"name": "synthetic", "classes": 6, "groups": 4, "clips": 4, "seconds": 0.3},
    "protocol": {"name": "retrieval", "probes": 2},
    "training": {"epochs": 1, "batch": 12},
    "schedule": {"warmup": 0},
}


def performed(folder: Path, name: str, settings: dict[str, Any]) -> Run:
    recipe = resolve(settings, SECTIONS, name)
    run = Run.create(folder, recipe)
    perform(recipe, run, Console(quiet=True))
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name, settings in (("digits", IMAGES), ("melodies", SOUND), ("matched", RETRIEVAL)):
        performed(folder, name, settings)
    return folder


def queries(runs: Path, name: str) -> tuple[Run, pl.DataFrame, list[np.ndarray]]:
    """A run, the leading head's units of the last session of draw 0, or of all queries; and the inputs of these."""
    run = Run.find(runs, name)
    result, units = run.result(), run.table("units")
    assert result
    units = units.filter(pl.col("head") == result.leading)
    if "draw" in units.columns:
        units = units.filter(pl.col("draw") == 0, pl.col("session") == units["session"].max())
    samples = (
        sl.data.SklearnDigits() if name == "digits" else sl.data.Synthetic(**{k: v for k, v in SOUND["data"].items() if k != "name"})
    ).read()
    batch = samples.load(rows([samples.ids.tolist().index(name) for name in units["id"]]))
    clips = [
        value[:length] if isinstance(samples.form, Waveform) else value for value, length in zip(batch.values, batch.lengths, strict=True)
    ]
    return run, units, clips


@pytest.mark.parametrize("name", ["digits", "melodies"])
def test_it_answers_as_in_the_run(runs: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in several parts, whose rows have the same numbers, and for tensors; the classes are those of all sessions."""
    run, units, inputs = queries(runs, name)
    loaded = sl.load(run.folder)
    assert isinstance(loaded, TrainedRun)
    assert len(loaded.classes) == (5 if name == "digits" else 4)
    assert units["answer"].n_unique() > 1
    answers = units["answer"].cast(pl.String).to_list()
    assert [one.label for one in loaded.predict(inputs)] == answers
    monkeypatch.setattr(trained, "AT_A_TIME", 7)
    some = loaded.predict([torch.from_numpy(value) for value in inputs[:16]])  # pyright: ignore[reportArgumentType]
    assert [one.label for one in some] == answers[:16]
    assert [one.source for one in some] == [f"input {number}" for number in range(1, 17)]
    highest, second = np.sort(np.array(units["scores"].to_list()), 1)[:, [-1, -2]].T
    assert np.allclose([one.score for one in some], highest[:16], atol=1e-4)
    assert np.allclose([one.runner_up_score for one in some], second[:16], atol=1e-4)  # type: ignore[misc]


def test_files_of_any_rate_and_number_of_channels(runs: Path, tmp_path: Path) -> None:
    run, units, clips = queries(runs, "melodies")
    form = sl.data.Synthetic().form
    paths = [tmp_path / f"{number}.wav" for number in range(8)]
    for path, clip in zip(paths, clips, strict=False):
        soundfile.write(path, np.stack([clip, clip], 1), form.rate, subtype="FLOAT")
    found = sl.load(run.folder).predict(paths)
    assert [one.label for one in found] == units["answer"].cast(pl.String).to_list()[:8]
    assert [one.source for one in found] == [str(path) for path in paths]
    twice = tmp_path / "twice.flac"
    soundfile.write(twice, np.repeat(clips[0], 3), 3 * form.rate)
    (at_triple_rate,) = sl.load(run.folder).predict(str(twice))
    (from_memory,) = sl.load(run.folder).predict(np.repeat(clips[0], 3), rate=3 * form.rate)
    assert at_triple_rate.score == pytest.approx(from_memory.score, abs=0.01)
    assert at_triple_rate.score == pytest.approx(found[0].score, abs=0.3)
    assert len(sl.load(run.folder).predict(np.full(3, 0.1, dtype=np.float32))) == 1, "three samples are a clip too"


def test_files_of_images_become_grey_and_resized(runs: Path, tmp_path: Path) -> None:
    run, units, images = queries(runs, "digits")
    loaded, answers = sl.load(run.folder), units["answer"].cast(pl.String).to_list()
    paths = [tmp_path / f"{number}.png" for number in range(12)]
    for path, image in zip(paths, images, strict=False):
        Picture.fromarray((image[0] * 255).round().astype(np.uint8)).convert("RGB").save(path)
    assert [one.label for one in loaded.predict(paths)] == answers[:12]
    sides = np.zeros((24, 40), dtype=np.uint8)
    sides[:, 20:] = 255
    Picture.fromarray(sides).save(tmp_path / "sides.png")
    values = read(tmp_path / "sides.png", sl.Image(3, 8, 8), "sides")
    assert values.shape == (3, 8, 8)
    assert (values[..., :3] == 0).all()
    assert (values[..., 5:] == 1).all(), "the left half is black, the right one white"
    assert loaded.predict(images[0][0]) == loaded.predict([images[0]]), "an image of one channel may be [h, w]"


def test_heads(runs: Path) -> None:
    run, _, images = queries(runs, "digits")
    loaded = sl.load(run.folder)
    assert isinstance(loaded, TrainedRun)
    assert loaded.heads == ("cosine", "l2", "trained")
    assert loaded.predict(images[0]) == loaded.predict(images[0], head="cosine")
    assert loaded.predict(images[0], head="l2")[0].score < 0
    with pytest.raises(Problem, match=r"has no head 'features.linear' to answer with: cosine, l2, trained"):
        loaded.predict(images[0], head="features.linear")
    assert loaded.predict([]) == []


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (np.zeros((2, 100), dtype=np.float32), r"input 2 must be samples \[n\] of one channel.*here \[2, 100\]"),
        (np.zeros(0, dtype=np.float32), r"input 2 must be samples \[n\].*here \[0\]"),
        (np.full(100, np.nan), r"input 2 contains values that are not finite"),
        ("nowhere.wav", r"There is no recording at nowhere.wav"),
        (__file__, r"test_trained.py cannot be decoded as audio"),
    ],
)
def test_sound_that_cannot_be_read_is_named(runs: Path, value: Any, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        sl.load("melodies", runs).predict([np.zeros(100, dtype=np.float32), value])


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (np.zeros((3, 8, 8), dtype=np.float32), r"input 1 must be an image \[1, 8, 8\], one image an array; its shape is \[3, 8, 8\]"),
        (np.full((8, 8), 255.0), r"input 1 must be an image with values in 0 to 1; they are 255 to 255"),
        (np.full((8, 8), np.nan), r"input 1 must be an image with values in 0 to 1; they are nan to nan"),
        (np.zeros((8, 8), dtype=np.uint8), r"input 1 must be an image of floats in 0 to 1, as bytes divided by 255; its type is uint8"),
        ("nowhere.png", r"There is no image at nowhere.png"),
        (__file__, r"test_trained.py cannot be read as an image: cannot identify image file\."),
    ],
)
def test_images_that_cannot_be_read_are_named(runs: Path, value: Any, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        sl.load("digits", runs).predict(value)


def test_an_image_that_is_cut_short_is_named(runs: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.png", tmp_path / "cut.png"
    Picture.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)).save(whole)
    cut.write_bytes(whole.read_bytes()[:2000])
    with pytest.raises(Problem, match=r"cut.png cannot be read as an image: "):
        sl.load("digits", runs).predict(cut)


def test_a_run_that_cannot_answer_says_what_to_do(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"is a run of retrieval, which compares .* no fixed classes to answer with; a run with the protocol"):
        sl.load("matched", runs)
    copy = Run(Path(shutil.copytree(Run.find(runs, "digits").folder, tmp_path / "copy")))
    copy.save_json("status", {**copy.status, "state": "stopped"})
    with pytest.raises(Problem, match=r"copy is stopped, and answers when it is finished; `scratchlab resume copy`"):
        sl.load(copy.folder)


def test_what_is_loaded(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Callable[..., Path]) -> None:
    """A folder, or a name in the folder of the runs; anything else is told."""
    monkeypatch.chdir(runs.parent)
    (runs.parent / "runs").symlink_to(runs) if runs.name != "runs" else None
    assert sl.load("digits").classes == sl.load(Run.find(runs, "digits").folder).classes
    with pytest.raises(Problem, match=r"is neither the folder of a run \(with status.json\) nor of enrolled words \(with home.toml\)"):
        sl.load(tmp_path)
    with pytest.raises(Problem, match=r"There is no run 'kettle' in runs/; `scratchlab runs` lists its 3 runs"):
        sl.load("kettle")
