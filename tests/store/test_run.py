"""The run's folder: atomic files, one writer, and its state."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from tests.made_results import made_result

from scratchlab.checks import Diverged, Problem
from scratchlab.recipe import Recipe
from scratchlab.report import terminal
from scratchlab.store import files, query
from scratchlab.store.run import Run

RECIPE = Recipe("melodies", 0, {"training": {"epochs": 3}})


def test_a_folder_is_created_completely(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE, "Melodies")
    assert run.folder.name == f"melodies-{RECIPE.key}"
    assert run.recipe() == {"seed": 0, "training": {"epochs": 3}}
    assert run.state() == "created"
    assert [path.name for path in tmp_path.iterdir()] == [run.folder.name]


def test_the_seed_is_part_of_the_name(tmp_path: Path) -> None:
    other = Recipe("melodies", 1, RECIPE.values)
    assert Run.create(tmp_path, RECIPE).folder != Run.create(tmp_path, other).folder


def test_again_creates_another_folder(tmp_path: Path) -> None:
    first, second, third = (Run.create(tmp_path, RECIPE, again=True).folder.name for _ in range(3))
    assert [second, third] == [f"{first}-2", f"{first}-3"]


def test_occupied_by_something_else(tmp_path: Path) -> None:
    folder = tmp_path / f"melodies-{RECIPE.key}"
    folder.mkdir()
    (folder / "thesis.txt").write_text("chapter 1")
    with pytest.raises(Problem, match="exists and is not a run"):
        Run.create(tmp_path, RECIPE)
    assert (folder / "thesis.txt").read_text() == "chapter 1"


def test_one_writer(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    with run.writing():
        assert Run(run.folder).state() == "running"
        with pytest.raises(Problem, match="is being written by process"), Run(run.folder).writing():
            pass
        assert Run(run.folder).state() == "running"


def test_killed_is_seen_at_once(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    code = (
        "import os, signal, sys, pathlib; from scratchlab.store.run import Run\n"
        "with Run(pathlib.Path(sys.argv[1])).writing(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(run.folder)])
    assert done.returncode == -signal.SIGKILL
    assert run.state() == "killed"


def test_what_a_killed_process_left_unfinished_is_removed(tmp_path: Path) -> None:
    """Except pages and notes, which another process may be writing at this moment."""
    run = Run.create(tmp_path, RECIPE)
    code = (
        "import os, signal, sys, pathlib; import numpy as np; from scratchlab.store import files; from scratchlab.store.run import Run\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.write_arrays(pathlib.Path(sys.argv[1]) / 'checkpoint.safetensors', {'a': np.ones(9)})"
    )
    subprocess.run([sys.executable, "-c", code, str(run.folder)])
    (left,) = run.folder.glob(".checkpoint.safetensors.*.part")
    page = run.folder / ".report.html.7.part"
    page.touch()
    with run.writing():
        assert not left.exists()
        assert page.exists()


def test_wrong_input_removes_the_folder_but_a_result_stays(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    with pytest.raises(Problem), run.writing():
        raise Problem("there is no such file")
    assert not run.folder.exists()
    run = Run.create(tmp_path, RECIPE)
    with pytest.raises(Diverged), run.writing():
        raise Diverged("the loss is not finite")
    assert run.state() == "failed"
    assert run.status["where"] == "the loss is not finite"
    run = Run.create(tmp_path, RECIPE, again=True)
    run.append({"epoch": 0})
    with pytest.raises(KeyboardInterrupt), run.writing():
        raise KeyboardInterrupt
    assert run.state() == "stopped"


def test_an_incomplete_line_is_ignored(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    for epoch in range(3):
        run.append({"epoch": epoch, "loss": 0.5})
    with (run.folder / "metrics.jsonl").open("ab") as file:
        file.write(b'{"epoch": 3, "lo')
    assert [record["epoch"] for record in run.records()] == [0, 1, 2]
    run.rewind(1)
    run.append({"epoch": 1})
    assert [record["epoch"] for record in run.records()] == [0, 1]


def test_numbers_that_are_not_finite_are_never_written(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    with pytest.raises(ValueError, match="not JSON compliant"):
        run.save_json("facts", {"accuracy": float("nan")})
    assert run.json("facts") is None


def test_arrays_come_back_to_the_last_bit(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    arrays = {
        "now/a": np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32),
        "now/n": np.array(7),
        "best/e": np.zeros((0, 2)),
    }
    run.save_arrays("checkpoint", arrays, {"epoch": 3, "best": [0.1 + 0.2, -1.0]})
    found, about = run.load_arrays("checkpoint") or ({}, {})
    assert about == {"epoch": 3, "best": [0.1 + 0.2, -1.0]}
    assert all(np.array_equal(found[name], array) and found[name].dtype == array.dtype for name, array in arrays.items())


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    (run.folder / "checkpoint.safetensors").write_bytes(b"not this")
    with pytest.raises(Problem, match=r"checkpoint.safetensors is damaged"):
        run.load_arrays("checkpoint")


def test_names_are_found_by_their_beginning_or_end(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    for name in (run.folder.name, "melo", RECIPE.key, "last", str(run.folder)):
        assert Run.find(tmp_path, name).folder == run.folder
    Run.create(tmp_path, RECIPE, again=True)
    with pytest.raises(Problem, match="matches 2 runs"):
        Run.find(tmp_path, "melo")
    with pytest.raises(Problem, match="There is no run 'digits'"):
        Run.find(tmp_path, "digits")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB that is full after that."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("a small tmpfs cannot be mounted without root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_leaves_existing_files(small_disk: Path) -> None:
    run = Run.create(small_disk, RECIPE)
    run.append({"epoch": 0})
    run.save_arrays("checkpoint", {"small": np.ones(8)}, {"epoch": 1})
    big = np.random.default_rng(0).standard_normal(10**6)
    attempts = {
        "checkpoint.safetensors": lambda: run.save_arrays("checkpoint", {"big": big}, {"epoch": 2}),
        "units.parquet": lambda: run.save_table("units", pl.DataFrame({"score": big})),
        "report.html": lambda: run.save_text("report.html", "x" * 10**6),
        "metrics.jsonl": lambda: run.append({"epoch": 1, "text": "x" * 10**6}),
    }
    for name, attempt in attempts.items():
        with pytest.raises(Problem, match=f"The disk is full: .*{name} could not be written"):
            attempt()
    assert run.records() == [{"epoch": 0}]
    assert (run.load_arrays("checkpoint") or ({}, {}))[1] == {"epoch": 1}
    assert {path.name for path in run.folder.iterdir()} == {
        "recipe.toml",
        "environment.json",
        "status.json",
        "metrics.jsonl",
        "checkpoint.safetensors",
    }


def test_a_full_disk_begins_no_run(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 248 * 1024)
    with pytest.raises(Problem, match="The disk is full"):
        Run.create(small_disk, Recipe("melodies", 0, {"training": {"words": "x" * 20000}}))
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_writing_is_atomic(tmp_path: Path) -> None:
    """A reader during a replacement sees the old file or the new one."""
    path = tmp_path / "status.json"
    files.write_json(path, {"n": -1})
    code = (
        "import pathlib, sys; from scratchlab.store import files\n"
        "for n in range(300): files.write_json(pathlib.Path(sys.argv[1]), {'n': n, 'x': 'y' * 5000})"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)])
    seen = set()
    while writer.poll() is None:
        seen.add(json.loads(path.read_text())["n"])
    assert len(seen) > 3
    assert [one.name for one in tmp_path.iterdir()] == ["status.json"]


def test_a_result_is_read_back_and_damage_is_reported(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    assert run.result() is None
    made = made_result((0.5, None), ("cosine", "trained"))
    run.save_result(made)
    found = run.result()
    assert found == made
    assert found.units.collect().equals(made.units.collect())
    text = (run.folder / "result.json").read_text()
    damages = {
        '{"kind": ': "Expecting value",
        "[]": "it is not a table",
        "[" * 100_000: "recursion",
        text.replace("0.5", "NaN", 1): "NaN is no number",
        text.replace('"heads": {', '"heads": {"x": 3, ', 1): "heads.x",
        text.replace('"unit": "query",', "", 1): "layout.unit",
    }
    for damaged, why in damages.items():
        assert damaged != text
        (run.folder / "result.json").write_text(damaged)
        with pytest.raises(Problem, match=f"result.json is damaged: .*{why}"):
            run.result()


def test_a_list_of_runs_names_the_settings_in_which_they_differ_from_their_recipe(tmp_path: Path) -> None:
    runs = [
        Run.create(tmp_path, RECIPE, changed={"training.epochs": 3, "loss.cross_entropy": None}, again=True),
        Run.create(tmp_path, RECIPE, changed={}, again=True),
    ]
    listed = io.StringIO()
    Console(file=listed, width=160).print(terminal.runs(runs))
    assert listed.getvalue().count("training.epochs = 3, loss.cross_entropy = none") == 1


def test_a_result_in_an_old_format_is_rejected_with_a_remedy(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RECIPE)
    (run.folder / "summary.json").write_text("{}")
    with pytest.raises(Problem, match=r"in the format of scratchlab before 0\.2, .*scratchlab run .*recipe\.toml --again"):
        run.result()
    assert query.overview(run)["state"] == "damaged"
