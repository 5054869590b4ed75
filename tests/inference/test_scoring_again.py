"""A finished run, reopened from its folder, scores queries as the method that made it did; one that cannot says why."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from rich.console import Console
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.experiment import perform
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.methods.catalog import METHODS
from scratchlab.learn.methods.prototypes import Prototypes
from scratchlab.pipeline import SECTIONS, reopened, scoring
from scratchlab.recipe import Recipe, resolve
from scratchlab.result import BASELINES
from scratchlab.store.run import Run

DIGITS: dict[str, Any] = {
    "data": {"name": "sklearn_digits"},
    "frontend": {"name": "pixels"},
    "encoder": {"name": "conv4", "channels": 4},
    "protocol": {"base": 3, "way": 1, "shot": 3, "sessions": 2, "order": "source", "draws": 2, "test": 0.1},
    "training": {"epochs": 1, "batch": 64},
    "schedule": {"warmup": 0},
}
REQUIRED: dict[str, dict[str, Any]] = {"cec": {"episodes_per_epoch": 2, "way": 2, "new_way": 2, "query": 3}, "co_teaching": {"tau": 0.2}}
VECTORS: dict[str, Any] = {"similarity": {"cosine": {}}}
BOTH: dict[str, Any] = {
    "similarity": {"cosine": {}, "dtw": {"references": "shots"}},
    "scoring": {"fuse": [["cosine", "dtw"]], "fallback": [["cosine", "dtw"]], "rehearsals": 2, "shots": 2},
}
MATRIX_LEADS: dict[str, Any] = {"similarity": {"cka": {}, "l2": {}}, "loss": {"cross_entropy": {"weights": {"cka": 1.0}}}}
CASES = [(name, sections) for name in METHODS for sections in (VECTORS, BOTH, MATRIX_LEADS)]


def recipe(name: str, **sections: Any) -> Recipe:
    phases = {"training": {**DIGITS["training"], "phases": "classifier 1, episodes 1"}} if name == "cec" else {}
    return resolve({**DIGITS, **phases, "method": {"name": name, **REQUIRED.get(name, {})}, **sections}, SECTIONS, "digits")


def performed(folder: Path, made: Recipe) -> Run:
    run = Run.create(folder, made)
    perform(made, run, Console(quiet=True))
    return run


def assert_scores_as_in_the_run(run: Run, made: Recipe) -> None:
    """For all queries of the last session of the first draw, and all heads but the baselines."""
    pipeline = scoring(made, run)
    samples = pipeline.source.read()
    plan = pipeline.protocol.plan(samples)
    split = plan.later[-1] if plan.later else plan.split
    again = pipeline.method.score(split.inputs(samples))
    units = run.table("units")
    if plan.later:
        units = units.filter(pl.col("draw") == 0, pl.col("session") == len(plan.later))
    heads = [head for head in units["head"].unique().to_list() if not head.startswith(BASELINES)]
    assert sorted(again) == sorted(heads)
    for head, scores in again.items():
        kept = units.filter(pl.col("head") == head)
        assert kept["id"].to_list() == samples.ids[split.query].tolist()
        assert np.allclose(np.array(kept["scores"].to_list()), scores.values, atol=1e-5, rtol=1e-5), head
        assert kept["answer"].cast(str).to_list() == [samples.classes[label] for label in scores.predicted()], head
        assert np.array_equal(scores.classes, split.classes)


@pytest.mark.parametrize(("method", "sections"), CASES, ids=[f"{name}-{'+'.join(sections['similarity'])}" for name, sections in CASES])
def test_a_reopened_run_scores_as_it_did(method: str, sections: dict[str, Any], tmp_path: Path) -> None:
    made = recipe(method, **sections)
    assert_scores_as_in_the_run(performed(tmp_path, made), made)


def test_whitening_means_and_a_closed_set_too(tmp_path: Path) -> None:
    first = recipe("teen", whitening={"name": "within_class"}, similarity={"centred_cosine": {}, "dtw": {}})
    second = recipe("prototypes", protocol={"name": "closed_set"}, similarity={"linear": {}})
    third = recipe("compositional", method={"name": "compositional", "base": "trained"})
    for made in (first, second, third):
        assert_scores_as_in_the_run(performed(tmp_path, made), made)


def test_restoring_again_forgets_the_scores_of_rows(tmp_path: Path) -> None:
    """So that other inputs may have the same row numbers."""
    made = recipe("savc", **BOTH)
    pipeline = scoring(made, performed(tmp_path, made))
    samples, method = pipeline.source.read(), pipeline.method
    assert isinstance(method, Incremental)
    inputs = pipeline.protocol.plan(samples).split.inputs(samples)
    others = type(inputs)(inputs.rows, lambda rows: samples.load(rows[::-1]))
    expected = {head: scores.values for head, scores in method.score(inputs).items()}
    method.restore(method.tensors())
    assert not np.allclose(method.score(others)["cosine"].values, expected["cosine"])
    method.restore(method.tensors())
    assert all(np.allclose(scores.values, expected[head], atol=1e-5) for head, scores in method.score(inputs).items())


def test_a_run_of_before_says_how_to_make_it_again_and_still_shows_its_embeddings(tmp_path: Path) -> None:
    made = recipe("prototypes")
    run = performed(tmp_path, made)
    copy = Run(Path(shutil.copytree(run.folder, tmp_path / "copy")))
    arrays = run.load_arrays("weights")
    assert arrays
    before = {name: array for name, array in arrays[0].items() if name.split(".")[0] in ("embedder", "rows") or name.endswith("0.vector")}
    copy.save_arrays("weights", before)
    with pytest.raises(Problem, match=r"did not keep the references of all classes.*`scratchlab run .*copy/recipe.toml --again` repeats"):
        scoring(made, copy)
    assert reopened(made, copy).embedder.dim > 0
    copy.save_arrays("weights", {name: array for name, array in arrays[0].items() if not name.startswith("references.cosine.0.labels")})
    with pytest.raises(Problem, match=r"weights.safetensors does not fit its method, of older code perhaps: 'labels'"):
        scoring(made, copy)


class Scaled(Prototypes):
    """A method that keeps a tensor of its own."""

    def tensors(self) -> dict[str, Tensor]:
        return {**super().tensors(), "scale": torch.ones(1)}


class Restored(Scaled):
    """And sets it."""

    def restore(self, kept: Mapping[str, Tensor]) -> None:
        super().restore(kept)
        self.scale = kept["scale"]


def test_a_method_that_keeps_more_than_it_restores_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = recipe("prototypes")
    monkeypatch.setitem(METHODS, "prototypes", Scaled)
    run = performed(tmp_path, made)
    with pytest.raises(Problem, match=r"The method 'prototypes' of .* has no `restore` .*; add `restore\(self, kept\)` to Scaled, the inv"):
        scoring(made, run)
    monkeypatch.setitem(METHODS, "prototypes", Restored)
    assert_scores_as_in_the_run(run, made)
