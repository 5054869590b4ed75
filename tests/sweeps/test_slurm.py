"""Sweeps by Slurm, whose commands are simulated: jobs that die are replaced, queued jobs are not submitted twice."""

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
from scratchlab.sweeps.plan import read_plan
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.work import Job, state

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
    """The folder of the simulated Slurm's jobs."""
    folder = tmp_path / "slurm"
    monkeypatch.setenv("PATH", f"{pretended_slurm.installed(folder)}{os.pathsep}{os.environ['PATH']}")
    return folder


def signalled(job: Job, number: int) -> threading.Thread:
    """Signals the process of a run once its first epoch is over."""

    def wait() -> None:
        until(lambda: job.run.exists and bool(job.run.records()))
        os.kill(job.run.status["pid"], number)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_a_job_that_dies_or_whose_time_is_up_is_followed_by_another(
    plan: Path, tmp_path: Path, cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitit.SlurmJob, "_results_timeout_s", 1)  # seconds to wait for the result of a job that died
    sweep = Sweep(read_plan(plan), tmp_path / "runs")
    killed, preempted = sweep.jobs
    threads = [signalled(killed, signal.SIGKILL), signalled(preempted, signal.SIGINT)]
    results = list(Slurm(2, partition="long", memory=2, sbatch={"qos": "high"}).execute(iter(sweep.jobs)))
    assert [result.state for result in results] == ["finished"] * 2
    assert {result.job.run.folder for result in results} == {job.run.folder for job in sweep.jobs}
    for thread, job in zip(threads, sweep.jobs, strict=True):
        thread.join()
        assert [record["epoch"] for record in job.run.records()] == list(range(EPOCHS))
    scripts = pretended_slurm.jobs(cluster)
    assert len(scripts) == 4
    for line in ("--partition=long", "--qos=high", "--no-requeue", "--time=60", "--mem=2GB", "--cpus-per-task=1", "--signal=INT@90"):
        assert f"#SBATCH {line}\n" in scripts[0]
    assert f"#SBATCH --job-name={sweep.jobs[0].run.folder.name}\n" in scripts[0]


def test_queued_jobs_of_a_killed_sweep_are_not_submitted_again(plan: Path, tmp_path: Path, cluster: Path) -> None:
    (cluster / "hold").touch()
    words = command(plan, tmp_path / "runs", "--engine", "slurm")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as driver:
        until(lambda: len(list((tmp_path / "runs").glob("sweeps/slurm/*/*_submitted.pkl"))) == 2)
        driver.kill()
    (cluster / "asked").unlink()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as driver:
        until((cluster / "asked").exists)
        (cluster / "hold").unlink()
        assert driver.wait() == 0
    assert len(pretended_slurm.jobs(cluster)) == 2
    all_once(plan, tmp_path / "runs", 2)
    epochs_once(tmp_path / "runs", EPOCHS)


def test_ctrl_c_takes_the_jobs_along(plan: Path, tmp_path: Path, cluster: Path) -> None:
    plan.write_text(plan.read_text().replace(f"training.epochs={EPOCHS}", "training.epochs=9999"))
    jobs = Sweep(read_plan(plan), tmp_path / "runs").jobs
    with subprocess.Popen(command(plan, tmp_path / "runs", "--engine", "slurm"), stdout=subprocess.PIPE, text=True) as driver:
        until(lambda: all(job.run.exists and bool(job.run.records()) for job in jobs))
        driver.send_signal(signal.SIGINT)
        said, _ = driver.communicate()
    assert driver.returncode == 130
    assert "Stopped; the same command resumes the sweep." in said
    until(lambda: all(Run(job.run.folder).state() == "stopped" for job in jobs))
    assert [state(job) for job in jobs] == ["missing"] * 2


def test_a_machine_without_slurm_is_reported(plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="which are not installed here; run it on a machine of the cluster"):
        list(Slurm(1).execute(Sweep(read_plan(plan), tmp_path / "runs").jobs))
