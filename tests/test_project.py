"""`scratchlab new`: a project folder whose recipe, method, source and test work as they are made."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scratchlab import recipe, shelf
from scratchlab.checks import Problem
from scratchlab.cli import app
from scratchlab.learn.checkpoints import NullStore
from scratchlab.pipeline import SECTIONS, assemble
from scratchlab.project import QUESTIONS
from scratchlab.project.new import make


def command(folder: Path, *words: str, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    paths = [*([str(site)] if site else []), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {**os.environ, "COLUMNS": "160", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, env=environment, timeout=240)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_has_a_recipe_that_fits_its_first_data(tmp_path: Path, question: str) -> None:
    make(tmp_path / "my-project", question)
    path = tmp_path / "my-project" / "recipes" / "my-project.toml"
    pipeline = assemble(recipe.resolve(shelf.read(path), SECTIONS, path.stem), NullStore())
    assert len(pipeline.protocol.plan(pipeline.source.read()).split.train) >= 100
    assert "scratchlab run my-project" in "\n".join(shelf.header(path))


@pytest.mark.parametrize("method", [False, True])
@pytest.mark.parametrize("question", QUESTIONS)
def test_what_its_pages_name_exists(tmp_path: Path, question: str, method: bool) -> None:
    folder = tmp_path / "my-project"
    files = make(folder, question, method=method)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == set(files)
    texts = [(folder / file).read_text(encoding="utf-8") for file in files]
    assert not [text for text in texts if "{{" in text or "{%" in text]
    commands = {one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands}
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?:^|`)scratchlab ([a-z]+)", readme, re.MULTILINE)) <= commands
    for named in re.findall(r"^\| `([^`]+)`", readme, re.MULTILINE):
        assert (folder / named).exists()


def test_it_runs_at_once(tmp_path: Path) -> None:
    made = command(tmp_path, "scratchlab", "new", "my-labels", "-q", "noise")
    assert made.stdout.splitlines()[-1] == "Next: cd my-labels && scratchlab run my-labels"
    done = command(tmp_path / "my-labels", "scratchlab", "run", "my-labels", "-s", "training.epochs=2")
    assert done.returncode == 0, done.stderr
    assert "trained" in done.stdout
    assert (tmp_path / "my-labels" / "runs" / ".gitignore").read_text().splitlines()[0] == "*"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project with a method, and the folder where pip installed its package."""
    pytest.importorskip("setuptools", reason="pip builds the project's package with setuptools, without a network")
    pytest.importorskip("pip", reason="installs the project's package")
    folder = tmp_path_factory.mktemp("with-method")
    site = folder / "site"
    assert command(folder, "scratchlab", "new", "my-photos", "--method").returncode == 0
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    done = command(folder, "pip", "install", *offline, "--target", str(site), "./my-photos")
    assert done.returncode == 0, done.stderr
    return folder / "my-photos", site


def test_the_method_runs_as_it_is_and_its_own_test_passes(installed: tuple[Path, Path]) -> None:
    folder, site = installed
    fast = ("training.epochs=1", "schedule.warmup=0.0", "protocol.draws=2")
    done = command(folder, "scratchlab", "run", "my-photos", *(word for one in fast for word in ("-s", one)), site=site)
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = recipe.read(next(folder.glob("runs/*/recipe.toml")))
    assert values["method"] == {"name": "my_photos", "strength": 0.1}
    tested = command(folder, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", "tests", site=site)
    assert "1 passed" in tested.stdout, tested.stdout


def test_its_source_reads_own_images(installed: tuple[Path, Path]) -> None:
    folder, site = installed
    rng = np.random.default_rng(0)
    for place in range(60):
        path = folder / "data" / "abcdef"[place % 6] / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(path)
    settings = ['data={name="my_photos_images",root="data"}', "protocol.base=4", "protocol.way=1", "protocol.draws=2"]
    settings += ["training.epochs=1", "schedule.warmup=0.0"]
    done = command(folder, "scratchlab", "run", "my-photos", *(word for one in settings for word in ("-s", one)), site=site)
    assert done.returncode == 0, done.stderr
    empty = command(folder, "scratchlab", "run", "my-photos", "-s", 'data={name="my_photos_images",root="runs"}', site=site)
    assert empty.stderr.strip().endswith("data.root = 'runs' contains no CLASS/*.png or CLASS/*.jpg.")


@pytest.mark.parametrize(
    ("name", "question", "method", "sentence"),
    [
        ("My Words", "images", False, r"'.*/My Words' does not end in a name that fits a project"),
        ("9words", "images", False, "does not end in a name that fits"),
        ("class", "images", False, "does not end in a name that fits"),
        ("digits", "images", False, "'digits' is the name of a recipe already; choose another, such as my-digits"),
        ("numpy", "images", True, "A package or a method named 'numpy' is installed already; choose another name, such as my-numpy"),
        ("teen", "images", True, "A package or a method named 'teen' is installed already"),
        ("words", "keyword", False, r"There is no question 'keyword'; there are: .*Did you mean 'keywords'\?"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(tmp_path: Path, name: str, question: str, method: bool, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        make(tmp_path / name, question, method=method)
    assert not list(tmp_path.iterdir())


def test_only_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (tmp_path / "empty" / make(tmp_path / "empty")[0]).is_file()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("full", "file"):
        with pytest.raises(Problem, match=f"{name} exists and is not an empty folder; choose another name"):
            make(tmp_path / name)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_a_failure_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(path: Path, *given: Any, **named: Any) -> int:
        if path.name == "my-words.toml":
            raise OSError(28, "No space left on device", str(path))
        return write(path, *given, **named)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(Problem, match=r"my-words cannot be made: no space left on device"):
        make(tmp_path / "my-words")
    assert not list(tmp_path.iterdir())
