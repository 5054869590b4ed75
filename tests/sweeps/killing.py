"""Shared by tests of killed sweeps: a plan of twelve short runs, the processes of a sweep, and checks that each run is executed once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.store.run import Run
from scratchlab.sweeps.folder import Folder

PLAN = """
recipe = "digit-pairs"
seeds = 3
settings = ["training.epochs=2", "training.checkpoint_seconds=0"]
[grid]
"training.batch" = [32, 64]
loss = [{cross_entropy = {temperature = 1.0}}, {squared_error = {}}]
"""


def children(pid: int) -> list[int]:
    """Pids of the living child processes of a process; zombies are left out."""
    output = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout.split()
    rows = zip(output[::3], output[1::3], output[2::3], strict=True)
    return [int(child) for child, parent, state in rows if int(parent) == pid and not state.startswith("Z")]


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-p", str(pid), "-o", "stat="], capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")


def command(plan: Path, runs: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "scratchlab", "sweep", str(plan), "--runs", str(runs), "--workers", "2", *more]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "the condition was not met within two minutes"
        time.sleep(0.02)


def all_once(plan: Path, runs: Path, count: int) -> None:
    """Asserts that every cell and seed has one finished run, that there is no other folder, and that the table lists them."""
    folders = [path.parent for path in runs.glob("[!.]*/status.json")]
    assert len(folders) == count
    assert all(Run(folder).state() == "finished" for folder in folders)
    table = pl.read_csv(Folder.find(runs, "mine").table)
    assert table["state"].to_list() == ["finished"] * count
    assert sorted(table["run"]) == sorted(folder.name for folder in folders)
    assert len({(row["training.batch"], row["loss"], row["seed"]) for row in table.iter_rows(named=True)}) == count


def epochs_once(runs: Path, count: int = 2) -> None:
    """Asserts that every run has each epoch exactly once."""
    for path in runs.glob("[!.]*/status.json"):
        assert [record["epoch"] for record in Run(path.parent).records()] == list(range(count))


def digits(path: Path) -> Path:
    """Writes a file of random images with labels, which loads faster than the embedded digits."""
    rng, arrays = np.random.default_rng(0), dict[str, npt.NDArray[Any]]()
    for part, count in (("train", 400), ("test", 100)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        arrays[f"y_{part}"] = np.arange(count) % 10
    np.savez(path, **arrays)
    return path
