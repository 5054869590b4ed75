"""Sweeps by Slurm, whose commands are played on this machine: jobs that die are replaced, those in the queue are not submitted twice."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from tests.sweeps import pretended_slurm
from tests.sweeps.killing import all_once, command, digits, epochs_once, until

from scratchlab.checks import Problem
from scratchlab.store.run import Run
from scratchlab.sweeps.engines.slurm import Slurm
from scratchlab.sweeps.plan import planned
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.work import Order, state

submitit = pytest.importorskip("submitit")
EPOCHS = 40
PLAN = """
recipe = "digit-pairs"
settings = ["training.epochs=2", "training.checkpoint_seconds=0"]
[[zip]]
"training.batch" = [32, 64]
loss = [{cross_entropy = {temperature = 1.0}}, {squared_error = {}}]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(PLAN.replace("training.epochs=2", f'data.root={digits(tmp_path / "digits.npz")}", "training.epochs={EPOCHS}'))
    return path


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the jobs of the pretended Slurm lie."""
    folder = tmp_path / "slurm"
    monkeypatch.setenv("PATH", f"{pretended_slurm.installed(folder)}{os.pathsep}{os.environ['PATH']}")
    return folder


def signalled(order: Order, number: int) -> threading.Thread:
    """Signals the process that makes a run, once it has an epoch behind it."""

    def wait() -> None:
        until(lambda: order.run.there and bool(order.run.records()))
        os.kill(order.run.status["pid"], number)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_a_job_that_dies_or_whose_time_is_up_is_followed_by_another(
    plan: Path, tmp_path: Path, cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitit.SlurmJob, "_results_timeout_s", 1)  # how long the folder of a job that died is given to show its result
    sweep = Sweep(planned(plan), tmp_path / "runs")
    killed, preempted = sweep.orders
    threads = [signalled(killed, signal.SIGKILL), signalled(preempted, signal.SIGINT)]
    endings = list(Slurm(2, partition="long", memory=2, sbatch={"qos": "high"}).made(iter(sweep.orders)))
    assert [ending.state for ending in endings] == ["finished"] * 2
    assert {ending.order.run.folder for ending in endings} == {order.run.folder for order in sweep.orders}
    for thread, order in zip(threads, sweep.orders, strict=True):
        thread.join()
        assert [record["epoch"] for record in order.run.records()] == list(range(EPOCHS))
    scripts = pretended_slurm.jobs(cluster)
    assert len(scripts) == 4
    for line in ("--partition=long", "--qos=high", "--no-requeue", "--time=60", "--mem=2GB", "--cpus-per-task=1", "--signal=INT@90"):
        assert f"#SBATCH {line}\n" in scripts[0]
    assert f"#SBATCH --job-name={sweep.orders[0].run.folder.name}\n" in scripts[0]


def test_what_is_queued_when_the_sweep_is_killed_is_not_submitted_again(plan: Path, tmp_path: Path, cluster: Path) -> None:
    (cluster / "hold").touch()
    words = command(plan, tmp_path / "runs", "--engine", "slurm")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as driver:
        until(lambda: len(list((tmp_path / "runs").glob("sweeps/slurm/*/*_submitted.pkl"))) == 2)
        driver.kill()
    (cluster / "asked").unlink()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as driver:
        until((cluster / "asked").exists)  # what is queued
        (cluster / "hold").unlink()
        assert driver.wait() == 0
    assert len(pretended_slurm.jobs(cluster)) == 2
    all_once(plan, tmp_path / "runs", 2)
    epochs_once(tmp_path / "runs", EPOCHS)


def test_ctrl_c_takes_the_jobs_along(plan: Path, tmp_path: Path, cluster: Path) -> None:
    plan.write_text(plan.read_text().replace(f"training.epochs={EPOCHS}", "training.epochs=9999"))
    orders = Sweep(planned(plan), tmp_path / "runs").orders
    with subprocess.Popen(command(plan, tmp_path / "runs", "--engine", "slurm"), stdout=subprocess.PIPE, text=True) as driver:
        until(lambda: all(order.run.there and bool(order.run.records()) for order in orders))
        driver.send_signal(signal.SIGINT)
        said, _ = driver.communicate()
    assert driver.returncode == 130
    assert "Stopped; the same command resumes the sweep." in said
    until(lambda: all(Run(order.run.folder).state() == "stopped" for order in orders))
    assert [state(order) for order in orders] == ["missing"] * 2


def test_elsewhere_than_in_a_cluster_it_says_so(plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="which are not here; ask from a machine of the cluster"):
        list(Slurm(1).made(Sweep(planned(plan), tmp_path / "runs").orders))
