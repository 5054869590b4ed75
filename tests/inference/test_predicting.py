"""`scratchlab predict`: a table, JSON lines or CSV of the answers for files and folders."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from rich.console import Console

from scratchlab.cli import main
from scratchlab.experiment import perform
from scratchlab.inference import loading
from scratchlab.inference.home import Home
from scratchlab.inference.prediction import Prediction
from scratchlab.inference.trained import TrainedRun
from scratchlab.pipeline import SECTIONS
from scratchlab.recipe import resolve
from scratchlab.report.predictions import answers
from scratchlab.store.run import Run

Program = Callable[..., str]  # words -> what is printed
DIGITS = {
    "data": {"name": "sklearn_digits"},
    "frontend": {"name": "pixels"},
    "encoder": {"name": "conv4", "channels": 4},
    "protocol": {"name": "closed_set"},
    "training": {"epochs": 1, "batch": 64},
    "schedule": {"warmup": 0},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds `runs` with one run, and `new` with images and a text."""
    folder, recipe = tmp_path_factory.mktemp("work"), resolve(DIGITS, SECTIONS, "digits")
    perform(recipe, Run.create(folder / "runs", recipe), Console(quiet=True))
    (folder / "new" / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("b.png", "a.png", "more/c.PNG"):
        Picture.fromarray(rng.integers(0, 255, (8, 8), dtype=np.uint8)).save(folder / "new" / name)
    (folder / "new" / "notes.txt").write_text("not an image")
    (folder / "empty").mkdir()
    return folder


@pytest.fixture
def scratchlab(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """Runs the program, and returns what it printed."""
    monkeypatch.chdir(folder)

    def printed(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["scratchlab", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return out if ended.value.code == 0 else err

    return printed


FILES = ["new/a.png", "new/b.png", "new/more/c.PNG"]


def test_a_table_of_all_images_in_a_folder(scratchlab: Program) -> None:
    header, _, *lines = scratchlab("predict", "digits", "new").strip().splitlines()
    assert header.split() == ["file", "answer", "score", "second", "score"]
    assert [line.split()[0] for line in lines] == FILES


def test_json_lines_and_csv_are_what_python_gets(scratchlab: Program, folder: Path) -> None:
    found = loading.load("digits", folder / "runs").predict([Path(name) for name in FILES])
    lines = [json.loads(line) for line in scratchlab("predict", "last", *FILES, "--json").splitlines()]
    assert [Prediction(**line) for line in lines] == found
    assert scratchlab("predict", "last", *FILES, "--csv", "answers.csv") == "3 answers in answers.csv.\n"
    text = (folder / "answers.csv").read_text()
    assert text == scratchlab("predict", "last", *FILES, "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["source"], row["label"], float(row["score"])) for row in rows] == [(one.source, one.label, one.score) for one in found]


def test_a_head_is_chosen(scratchlab: Program, folder: Path) -> None:
    loaded = loading.load("digits", folder / "runs")
    assert isinstance(loaded, TrainedRun)
    (line,) = scratchlab("predict", "digits", "new/a.png", "--head", "trained", "--json").splitlines()
    assert Prediction(**json.loads(line)) == loaded.predict("new/a.png", "trained")[0]
    assert "has no head 'features.linear' to answer with: cosine, trained" in scratchlab(
        "predict", "digits", "new", "--head", "features.linear"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["digits", "empty"], "The folder empty contains no recording and no image (.wav, .flac, "),
        (["digits", "new/notes.txt"], "new/notes.txt cannot be read as an image"),
        (["digits", "new", "--json", "--csv", "-"], "--json and --csv both say how to print; give one."),
        (["new", "new/a.png"], "new is neither the folder of a run (with status.json) nor of enrolled words (with home.toml)."),
        (["digits", "new", "--csv", "nowhere/answers.csv"], "nowhere/answers.csv cannot be written"),
    ],
)
def test_wrong_input_gets_a_sentence(scratchlab: Program, words: list[str], sentence: str) -> None:
    assert sentence in scratchlab("predict", *words)


def test_enrolled_words_answer_too(scratchlab: Program, enrolled: Path, words: Path) -> None:
    home = loading.load(enrolled)
    assert isinstance(home, Home)
    expected = home.predict(sorted(words.rglob("*.wav")))
    rows = list(csv.DictReader(io.StringIO(scratchlab("predict", str(enrolled), str(words), "--csv", "-"))))
    assert [row["source"] for row in rows] == [one.source for one in expected]
    assert [row["label"] for row in rows] == [one.label for one in expected]
    assert len(rows) == 16
    assert "--head chooses among the heads of a run; " in scratchlab("predict", str(enrolled), str(words), "--head", "cosine")


def test_an_unknown_answer_names_the_nearest_class() -> None:
    text = io.StringIO()
    Console(file=text, width=100).print(answers([Prediction.of("b.wav", ["yes", "no"], [0.1, 0.2], 0.5)]))
    assert text.getvalue().split()[-6:] == ["unknown", "(nearest", "no)", "0.200", "yes", "0.100"]
