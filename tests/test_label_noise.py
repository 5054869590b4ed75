"""Whole runs with label noise: what is stored, which labels the method gets, and reuse of a run's noise."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from scratchlab import experiment, pipeline, recipe
from scratchlab.checks import Problem
from scratchlab.data.samplers.shuffled import Shuffled
from scratchlab.learn.class_learner import ClassLearner
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.learner import StepResult, TrainingBatch
from scratchlab.store.run import Run
from scratchlab.types import TrainingView

RECIPE: dict[str, Any] = {
    "data": {"name": "sklearn_digits"},
    "noise": {"name": "symmetric", "rate": 0.4},
    "protocol": {"name": "closed_set"},
    "frontend": {"name": "pixels"},
    "encoder": {"name": "mlp", "hidden": [32]},
    "similarity": {"linear": {}},
    "loss": {"cross_entropy": {"temperature": 1.0}},
    "training": {"epochs": 2, "batch": 64, "rate": 0.1, "device": "cpu"},
}
TRUE = {f"digits/{row:04d}": str(label) for row, label in enumerate(pipeline.SOURCES["sklearn_digits"]().read().labels)}


def prepared(runs: Path, **changed: Any) -> tuple[Run, recipe.Recipe]:
    resolved = recipe.resolve(RECIPE | changed, pipeline.SECTIONS, "noisy")
    return Run.create(runs, resolved), resolved


def performed(runs: Path, **changed: Any) -> Run:
    run, resolved = prepared(runs, **changed)
    experiment.perform(resolved, run, Console(quiet=True))
    return run


def test_methods_train_on_given_labels_and_queries_are_scored_by_true_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    views: list[TrainingView] = []
    learn = Incremental.learn

    def learning(self: Incremental, view: TrainingView) -> None:
        views.append(view)
        learn(self, view)

    monkeypatch.setattr(Incremental, "learn", learning)
    sampled: list[np.ndarray] = []
    used: dict[str, int] = {}
    batches, step, fits = Shuffled.batches, ClassLearner.training_step, Shuffled.fits

    def sampling(self: Shuffled, labels: np.ndarray, seed: int, epoch: int) -> list[np.ndarray]:
        sampled.append(labels)
        return batches(self, labels, seed, epoch)

    def fitting(self: Shuffled, labels: np.ndarray, classes: Any) -> None:
        sampled.append(labels)
        fits(self, labels, classes)

    def stepping(self: ClassLearner, batch: TrainingBatch) -> StepResult:
        used.update(zip(batch.ids.tolist(), batch.labels.tolist(), strict=True))
        return step(self, batch)

    for patched, name, function in (
        (Shuffled, "batches", sampling),
        (Shuffled, "fits", fitting),
        (ClassLearner, "training_step", stepping),
    ):
        monkeypatch.setattr(patched, name, function)
    run = performed(tmp_path)

    noise = run.table("noise")
    assert {sample: TRUE[sample] for sample in noise["id"]} == dict(zip(noise["id"], noise["true"], strict=True))
    given = dict(zip(noise["id"], noise["given"], strict=True))
    assert len(views) == 2  # one for training, one for the weights of the last epoch
    wrong = noise.filter(pl.col("true") != pl.col("given"))
    assert 0.39 < len(wrong) / len(noise) < 0.41
    for view in views:
        parts = [(part.ids.tolist(), part.labels.tolist()) for part in (view.train, view.valid)]
        labels_of_view = {sample: str(label) for ids, labels in parts for sample, label in zip(ids, labels, strict=True)}
        assert labels_of_view == given
        assert all(labels_of_view[sample] != TRUE[sample] for sample in wrong["id"])

    trained = noise.filter(split="train")
    assert {sample: str(label) for sample, label in used.items()} == {sample: given[sample] for sample in trained["id"]}
    assert len(sampled) >= 3
    assert all(labels.astype(str).tolist() == trained["given"].cast(pl.String).to_list() for labels in sampled)

    units = run.table("units")
    assert {sample: TRUE[sample] for sample in units["id"]} == dict(zip(units["id"], units["truth"], strict=True))
    assert not set(units["id"]) & set(noise["id"])


def test_facts_describe_the_noise_and_a_run_without_noise_has_none(tmp_path: Path) -> None:
    noisy = performed(tmp_path).json("result")["facts"]["noise"]
    assert noisy["settings"] == {"name": "symmetric", "rate": 0.4, "exact": True}
    assert noisy["rate"]["train"] == pytest.approx(0.4, abs=0.005)
    assert sum(count for row in noisy["transitions"].values() for count in row.values()) == sum(noisy["rows"].values())
    clean = performed(tmp_path, noise={})
    assert "noise" not in clean.json("result")["facts"]
    assert not (clean.folder / "noise.parquet").exists()


def test_heads_of_the_last_epoch_equal_those_of_a_run_that_selects_it(tmp_path: Path) -> None:
    training = {**RECIPE["training"], "epochs": 12, "rate": 0.2, "select": "accuracy"}
    chosen = performed(tmp_path, training=training)
    last = performed(tmp_path, training={**training, "select": "last"})
    best_epoch = max(record["epoch"] for record in chosen.records() if record["kept"])
    assert best_epoch < 11, "the last epoch is the best one, so this test is void"
    heads, alone = (run.json("result")["heads"] for run in (chosen, last))
    assert list(heads) == ["linear", "trained", "features.linear", "last.linear", "last.trained"]
    for head in ("linear", "trained"):
        assert heads[f"last.{head}"] == alone[head]
        of_best, of_last = (chosen.table("units").filter(pl.col("head") == name).drop("head") for name in (head, f"last.{head}"))
        assert of_last.equals(last.table("units").filter(pl.col("head") == head).drop("head"))
        assert not of_last.equals(of_best)
    assert not (chosen.folder / "checkpoint.safetensors").exists()


def test_a_run_with_the_stored_noise_of_another_equals_it(tmp_path: Path) -> None:
    first = performed(tmp_path)
    second = performed(tmp_path, noise={"name": "column", "file": str(first.folder / "noise.parquet"), "truth": "true"})
    assert first.json("result")["facts"]["noise"]["hash"] == second.json("result")["facts"]["noise"]["hash"]
    weights, other = (run.load_arrays("weights") for run in (first, second))
    assert weights is not None
    assert other is not None
    assert all(np.array_equal(array, other[0][name]) for name, array in weights[0].items())


KILLED = """
import os, signal, sys
from pathlib import Path
from rich.console import Console
from scratchlab import experiment, pipeline, recipe
from scratchlab.store.run import Run

save = Run.save_checkpoint

def save_and_kill(self, arrays, facts):
    save(self, arrays, facts)
    if (facts["epoch"], facts["step"]) == (1, 3):
        os.kill(os.getpid(), signal.SIGKILL)

Run.save_checkpoint = save_and_kill
run = Run(Path(sys.argv[1]))
experiment.perform(recipe.resolve(run.recipe(), pipeline.SECTIONS, "noisy"), run, Console(quiet=True))
"""
PROTOCOLS: dict[str, dict[str, Any]] = {"closed_set": {}, "retrieval": {"test": ["6", "7", "8", "9"], "valid": 0.2, "probes": 5}}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_killed_and_resumed_run_has_the_same_noise_and_result(tmp_path: Path, protocol: str) -> None:
    """The run is killed with SIGKILL in another process, in the second epoch."""
    changed = {"protocol": {"name": protocol, **PROTOCOLS[protocol]}, "observe": {"ledger": {}}}
    changed["training"] = {**RECIPE["training"], "checkpoint_seconds": 0.0}
    whole = performed(tmp_path / "whole", **changed)
    run, resolved = prepared(tmp_path / "killed", **changed)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(run.folder)], timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL
    noise = (run.folder / "noise.parquet").read_bytes()
    assert run.state() == "killed"
    experiment.perform(resolved, run, Console(quiet=True))
    assert noise == (run.folder / "noise.parquet").read_bytes() == (whole.folder / "noise.parquet").read_bytes()
    assert run.json("result") == whole.json("result")
    for name in ("units", "ledger"):
        assert run.table(name).equals(whole.table(name)), name


def test_a_ledger_is_scored_by_true_labels(tmp_path: Path) -> None:
    run, resolved = prepared(tmp_path)
    samples = pipeline.SOURCES["sklearn_digits"]().read()
    train = pipeline.assemble(resolved, run).protocol.plan(samples).split.train
    run.save_table("ledger", pl.DataFrame({"id": samples.ids[train], "epoch": [0] * len(train), "loss": np.arange(len(train)) * 1.0}))
    experiment.perform(resolved, run, Console(quiet=True))
    found = run.json("result")["facts"]["noise"]["ledger"]
    assert 0 < found["last"]["auroc_loss"]["low"] < found["last"]["auroc_loss"]["value"] < 1


def test_a_missing_file_of_labels_is_an_error_and_leaves_no_folder(tmp_path: Path) -> None:
    run, resolved = prepared(tmp_path, noise={"name": "column", "file": str(tmp_path / "missing.csv")})
    with pytest.raises(Problem, match=r"noise\.file = '.*missing\.csv' is not a file"):
        experiment.perform(resolved, run, Console(quiet=True))
    assert not run.folder.exists()


def test_resuming_with_other_labels_is_an_error_and_changes_nothing(tmp_path: Path) -> None:
    names, wrong = [*TRUE], [str((int(label) + 1) % 10) if row % 3 == 0 else label for row, label in enumerate(TRUE.values())]
    file = tmp_path / "labels.parquet"
    pl.DataFrame({"id": names, "given": wrong}).write_parquet(file)
    changed = {"noise": {"name": "column", "file": str(file)}, "training": {**RECIPE["training"], "checkpoint_seconds": 0.0}}
    run, resolved = prepared(tmp_path / "runs", **changed)
    subprocess.run([sys.executable, "-c", KILLED, str(run.folder)], timeout=120, check=False)
    noise, metrics = ((run.folder / name).read_bytes() for name in ("noise.parquet", "metrics.jsonl"))
    pl.DataFrame({"id": names, "given": [*TRUE.values()]}).write_parquet(file)
    with pytest.raises(Problem, match=r"are not those that .* began with: .* would mix two trainings"):
        experiment.perform(resolved, run, Console(quiet=True))
    assert noise == (run.folder / "noise.parquet").read_bytes()
    assert metrics == (run.folder / "metrics.jsonl").read_bytes()
    pl.DataFrame({"id": names, "given": wrong}).write_parquet(file)
    experiment.perform(resolved, run, Console(quiet=True))
    assert run.state() == "finished"


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (pl.Series([], dtype=pl.String), "contains no rows"),
        (pl.Series(["0", None], dtype=pl.String), "has 1 missing value"),
        (pl.Series([0.0, 1.0]), "holds floating-point numbers"),
    ],
)
def test_a_table_of_labels_that_cannot_be_used_is_named(tmp_path: Path, labels: pl.Series, sentence: str) -> None:
    pl.DataFrame({"id": [*TRUE][: len(labels)], "given": labels}).write_parquet(tmp_path / "labels.parquet")
    run, resolved = prepared(tmp_path / "runs", noise={"name": "column", "file": str(tmp_path / "labels.parquet")})
    with pytest.raises(Problem, match=sentence):
        experiment.perform(resolved, run, Console(quiet=True))
    assert not run.folder.exists()


def test_heads_of_the_last_epoch_are_those_that_validation_changed(tmp_path: Path) -> None:
    with_validation = performed(tmp_path / "chosen").result()
    assert with_validation is not None
    assert {name for name in with_validation.heads if name.startswith("last.")} == {"last.linear", "last.trained"}
    without = performed(tmp_path / "all", protocol={"name": "closed_set", "valid": 0.0}).result()
    assert without is not None
    assert not [name for name in without.heads if name.startswith("last.")]
