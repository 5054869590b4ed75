"""Runs for a table: each is executed once, and a failed run is reported with its error message."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path

import pytest
from rich.console import Console

from scratchlab.checks import Problem
from scratchlab.store.run import Run
from scratchlab.sweeps import making
from scratchlab.sweeps.progress import finished_runs
from scratchlab.sweeps.work import Job, JobResult

QUIET = Console(quiet=True)


class FakeEngine:
    """An engine that finishes every run at once, or fails every run."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.jobs: list[Path] = []

    def execute(self, jobs: Iterable[Job]) -> Generator[JobResult]:
        for job in jobs:
            self.jobs.append(job.run.folder)
            if not self.fails:
                run = Run.create(job.runs, job.recipe)
                with run.writing():
                    run.update_status("finished", state="finished")
            yield JobResult(job, "failed" if self.fails else "finished", "no memory is left" if self.fails else "")


def jobs(runs: Path, *seeds: int) -> list[Job]:
    return [Job(making.resolved("digits", [f"seed={seed}"]), "", runs) for seed in seeds]


def test_each_run_is_executed_once_and_found_again(tmp_path: Path) -> None:
    engine, needed = FakeEngine(), jobs(tmp_path, 0, 1, 0)
    runs = finished_runs(needed, engine, QUIET)
    assert [run.folder for run in runs] == [job.run.folder for job in needed]
    assert engine.jobs == [needed[0].run.folder, needed[1].run.folder]
    finished_runs(jobs(tmp_path, 1, 2), engine, QUIET)
    assert len(engine.jobs) == 3


def test_a_failed_run_is_reported(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"digits-\w+ is missing: no memory is left"):
        finished_runs(jobs(tmp_path, 0), FakeEngine(fails=True), QUIET)


def test_every_row_has_its_runs_by_seed_and_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "Local", lambda workers: FakeEngine())
    words = ["--runs", str(tmp_path), "--seeds", "0", "3", "--folds", "protocol.test=0.2", "protocol.test=0.3", "-s", "training.epochs=7"]
    given = making.of_recipe("A study.", "digits").parse_args(words)
    rows = making.runs_of(given, {"plain": [], "teen": ["method.name=teen", "training.epochs=9"]})
    recipes = {row: [run.recipe() for run in runs] for row, runs in rows.items()}
    keys = [(one["seed"], one["protocol"]["test"]) for one in recipes["teen"]]
    assert keys == [(0, 0.2), (0, 0.3), (3, 0.2), (3, 0.3)]
    assert {one["method"]["name"] for one in recipes["plain"]} == {"prototypes"}
    assert {one["method"]["name"] for one in recipes["teen"]} == {"teen"}
    assert {one["training"]["epochs"] for one in recipes["teen"]} == {7}, "the command line has the last word"
