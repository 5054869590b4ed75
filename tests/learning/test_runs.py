"""Whole runs with sampler, phases and ledger from a recipe; starting from another run; wrong settings are reported before training."""

from __future__ import annotations

import copy
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from rich.console import Console

from scratchlab.checks import Problem
from scratchlab.evaluation.catalog import EVALUATIONS
from scratchlab.experiment import perform
from scratchlab.learn.checkpoints import NullStore
from scratchlab.pipeline import SECTIONS, assemble, check, initialise
from scratchlab.recipe import Recipe, resolve
from scratchlab.store.run import Run

MELODIES: dict[str, Any] = {
    "data": {"name": "synthetic", "classes": 6, "groups": 4, "clips": 4, "seconds": 0.3},
    "protocol": {"base": 4, "way": 1, "shot": 2, "sessions": 2, "order": "source", "draws": 2},
    "encoder": {"width": 1.0},
    "training": {"epochs": 2, "batch": 12},
}


def recipe(**sections: dict[str, Any]) -> Recipe:
    raw = copy.deepcopy(MELODIES)
    for name, settings in sections.items():
        raw[name] = {**raw.get(name, {}), **settings}
    return resolve(raw, SECTIONS, "melodies")


def performed(folder: Path, **sections: dict[str, Any]) -> Run:
    run = Run.create(folder, made := recipe(**sections))
    perform(made, run, Console(quiet=True))
    return run


def test_two_networks_in_two_phases_with_a_ledger(tmp_path: Path) -> None:
    method = {"name": "co_teaching", "tau": 0.25, "ramp": 1}
    training = {"phases": "warm-up 1, co-teaching 2", "rates": {"network1.readout": 0.05}}
    run = performed(tmp_path, method=method, training=training, observe={"ledger": {}})
    assert [record["phase"] for record in run.records()] == ["warm-up", "co-teaching", "co-teaching"]
    rates = run.records()[0]["rates"]
    assert rates["network1.readout"] == pytest.approx(rates["network0.readout"] / 2)
    ledger = run.table("ledger")
    assert ledger.columns == ["id", "epoch", "phase", "visits", "loss", "selected"]
    assert ledger.group_by("epoch").len()["len"].unique().len() == 1
    selected = dict(ledger.group_by("epoch").agg(pl.col("selected").mean()).iter_rows())
    assert selected[0] == selected[1] == 1
    assert selected[2] == pytest.approx(0.75, abs=0.03)
    for (epoch,), part in ledger.group_by("epoch"):
        if epoch < 2:
            assert float(part["loss"].mean()) > 0  # type: ignore[arg-type]
    assert run.state() == "finished"
    assert not list(run.folder.glob("ledger-*"))
    assert "ledger" not in run.records()[0]


def test_prototypical_training_from_a_recipe(tmp_path: Path) -> None:
    sampler = {"name": "episodes", "way": 3, "shot": 1, "query": 2, "episodes": 5}
    run = performed(tmp_path, sampler=sampler, loss={"prototypical": {}}, similarity={"l2": {}}, observe={"ledger": {}})
    assert [record["inputs"] for record in run.records()] == [5 * 9] * 2
    assert list(run.json("result")["heads"]) == ["l2", "features.linear"]
    visits = run.table("ledger").group_by("epoch").agg(pl.col("visits").sum())["visits"].to_list()
    assert visits == [45, 45]


def test_a_class_too_small_for_the_sampler_is_reported_before_training(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"Class 'melody\d+' has \d+ training rows, fewer than sampler.shot \+ sampler.query = 9 \+ 15"):
        performed(tmp_path, sampler={"name": "episodes", "way": 2, "shot": 9})
    assert not list(tmp_path.glob("melodies-*")), "the folder is removed"


def test_wrong_settings_raise_problems_before_a_folder_is_created() -> None:
    with pytest.raises(Problem, match=r"training.phases names 'robust', but this method has no phases"):
        check(recipe(training={"phases": "robust 5"}))
    with pytest.raises(Problem, match=r"the phase 'warm-up' has 0 epochs"):
        check(recipe(method={"name": "co_teaching", "tau": 0.2}, training={"phases": "warm-up 0, co-teaching 5"}))
    with pytest.raises(Problem, match=r"method.tau must be given"):
        check(recipe(method={"name": "co_teaching"}))
    with pytest.raises(Problem, match=r"schedule.warmup = 3 does not fit: it must be shorter"):
        check(recipe(method={"name": "co_teaching", "tau": 0.2}, training={"phases": "co-teaching 2"}, schedule={"warmup": 3}))
    with pytest.raises(Problem, match=r'loss.prototypical compares the queries.*set sampler.name = "episodes"'):
        check(recipe(loss={"prototypical": {}}))
    with pytest.raises(Problem, match=r"\[observe\] names two ledgers"):
        check(recipe(observe={"ledger": {}, "second": {"name": "ledger"}}))


# -- stopping outside the training ---------------------------------------------------------------------


def test_sigterm_during_the_evaluation_stops_the_run_which_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate, before = EVALUATIONS["sessions"], signal.getsignal(signal.SIGTERM)
    monkeypatch.setitem(EVALUATIONS, "sessions", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(KeyboardInterrupt):
        performed(tmp_path)
    run = Run.find(tmp_path, "last")
    assert (run.state(), run.status["where"]) == ("stopped", "stopped by the user")
    assert signal.getsignal(signal.SIGTERM) == before
    monkeypatch.setitem(EVALUATIONS, "sessions", evaluate)
    perform(recipe(), run, Console(quiet=True))
    assert run.state() == "finished"
    whole = performed(tmp_path / "whole")
    assert run.result() == whole.result()


def test_an_interruption_after_the_result_leaves_a_finished_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "drop_arrays", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(KeyboardInterrupt):
        performed(tmp_path)
    assert Run.find(tmp_path, "last").state() == "finished"


# -- starting from another run -------------------------------------------------------------------------


def test_a_run_starts_from_the_weights_of_another(tmp_path: Path) -> None:
    first = performed(tmp_path)
    settings = {"init_from": str(first.folder), "rates": {"body": 0.0}}
    second = performed(tmp_path, training=settings)
    kept, actual = (run.load_arrays("weights") for run in (first, second))
    assert kept is not None
    assert actual is not None
    names = [name for name in kept[0] if name.startswith("embedder.")]
    assert names
    assert all(np.array_equal(kept[0][name], actual[0][name]) for name in names), "frozen, so it keeps its initial weights"
    assert recipe(training=settings).key != recipe(training={"rates": {"body": 0.0}}).key


def test_a_checkpoint_takes_precedence_over_init_from(tmp_path: Path) -> None:
    """Once a run has a checkpoint, it no longer needs the other run."""
    first = performed(tmp_path)
    made = recipe(training={"init_from": str(first.folder), "checkpoint_seconds": 0.0})
    run = Run.create(tmp_path, made)
    pipeline = assemble(made, run)
    pipeline.trainer.settings.configure_process()
    samples = pipeline.source.read()
    view = pipeline.protocol.plan(samples).split.view(samples)

    class Stops:
        def begin(self, *_: object) -> None: ...
        def epoch(self, _: object) -> None: ...
        def step(self, epoch: int, step: int, loss: float) -> None:
            if (epoch, step) == (1, 1):
                raise InterruptedError

    pipeline.trainer.observers = [Stops()]  # type: ignore[list-item]
    initialise(pipeline, made)
    with pytest.raises(InterruptedError):
        pipeline.method.learn(view)
    (first.folder / "weights.safetensors").unlink()
    perform(made, run, Console(quiet=True))
    assert run.state() == "finished"


def test_an_unusable_init_from_raises_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"training.init_from = 'nowhere' is not the folder of a finished run: there is no nowhere/weights"):
        check(recipe(training={"init_from": "nowhere"}))
    first = performed(tmp_path)
    with pytest.raises(Problem, match=r"weights than this recipe's \(encoder\.width = 1\.0 there, 2\.0 here\); \[frontend\], \[enc"):
        check(recipe(training={"init_from": str(first.folder)}, encoder={"width": 2.0}))


def test_further_embedders_have_the_same_architecture_and_leave_the_first_unchanged() -> None:
    first, second = (assemble(recipe(), NullStore()) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.embedder.parameters(), second.embedder.parameters(), strict=True))
    before = torch.get_rng_state()
    built = first.method.components.build_embedder(5)  # type: ignore[attr-defined]
    repeated = first.method.components.build_embedder(5)  # type: ignore[attr-defined]
    assert torch.equal(before, torch.get_rng_state())
    assert [tensor.shape for tensor in built.parameters()] == [tensor.shape for tensor in first.embedder.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(built.parameters(), repeated.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(built.parameters(), first.embedder.parameters(), strict=True))
