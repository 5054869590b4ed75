"""Sweeps by Ray: every run is executed once, whichever process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from tests.sweeps.killing import PLAN, all_once, command, digits, epochs_once, until

from scratchlab.checks import Problem
from scratchlab.store.run import Run
from scratchlab.sweeps.engines.ray import Ray
from scratchlab.sweeps.folder import Folder

pytest.importorskip("ray")
EPOCHS = 40


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Six runs."""
    path = tmp_path / "mine.toml"
    written = PLAN.replace("seeds = 3", "seeds = [0]").replace("[32, 64]", "[8, 16, 32]")
    written = written.replace("training.epochs=2", f'data.root={digits(tmp_path / "digits.npz")}", "training.epochs={EPOCHS}')
    path.write_text(written)
    return path


def states(runs: Path) -> Iterator[tuple[Run, str]]:
    for path in runs.glob("[!.]*/status.json"):
        yield Run(path.parent), Run(path.parent).state()


def running(runs: Path) -> list[Run]:
    return [run for run, state in states(runs) if state == "running"]


@pytest.mark.acceptance  # two minutes; tests/acceptance kills more
def test_a_killed_sweep_is_resumed_and_a_killed_worker_replaced(plan: Path, tmp_path: Path) -> None:
    runs, words = tmp_path / "runs", command(plan, tmp_path / "runs", "--engine", "ray")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True) as driver:
        until(lambda: any(state == "finished" for _, state in states(runs)))
        driver.kill()
    until(lambda: not running(runs))  # Ray ends them with the sweep
    assert sum(state == "finished" for _, state in states(runs)) < 6
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True) as driver:
        until(lambda: any(run.records() for run in running(runs)))
        os.kill(next(run.status["pid"] for run in running(runs)), signal.SIGKILL)
        assert driver.wait(120) == 0  # so the run whose worker was killed was resumed
    all_once(plan, runs, 6)
    epochs_once(runs, EPOCHS)


def test_ctrl_c_stops_between_two_steps(plan: Path, tmp_path: Path) -> None:
    plan.write_text(plan.read_text().replace(f"training.epochs={EPOCHS}", "training.epochs=9999"))
    runs, pipe = tmp_path / "runs", subprocess.PIPE
    words = command(plan, runs, "--engine", "ray")
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as driver:
        until(lambda: sum(len(run.records()) > 1 for run, _ in states(runs)) == 2)
        os.killpg(driver.pid, signal.SIGINT)
        said, complained = driver.communicate(timeout=120)
    assert driver.returncode == 130
    assert "Stopped; the same command resumes the sweep." in said
    assert complained == ""
    assert [state for _, state in states(runs)] == ["stopped"] * 2
    assert pl.read_csv(Folder.find(runs, "mine").table)["state"].to_list() == ["missing"] * 6


def test_capacity_is_limited_by_cpus_and_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = SimpleNamespace(cluster_resources=lambda: {"CPU": 16.0, "GPU": 2.0})
    monkeypatch.setattr("scratchlab.sweeps.engines.ray._ray", lambda: cluster)
    assert Ray(0)._capacity() == 16
    assert Ray(0, gpus=0.5)._capacity() == 4
    assert Ray(3, gpus=0.5)._capacity() == 3
    with pytest.raises(Problem, match="Ray has 16 CPU cores and 2 GPUs, but a run needs 1 core and 4 GPUs"):
        Ray(3, gpus=4.0)._capacity()


def test_a_cluster_that_does_not_answer_is_reported() -> None:
    with pytest.raises(Problem, match=r"No Ray cluster answers at 127\.0\.0\.1:1"):
        list(Ray(1, address="127.0.0.1:1").execute([]))
