"""A finished run, reopened: the embeddings it left are made again by the weights it left; what is missing or foreign is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from scratchlab.checks import Problem
from scratchlab.experiment import perform
from scratchlab.learn.whitening import Whitened
from scratchlab.pipeline import SECTIONS, reopened
from scratchlab.recipe import Recipe, resolve
from scratchlab.similarity.vector import CentredCosine
from scratchlab.store.run import Run
from scratchlab.types import Inputs, rows

RAW = {
    "data": {"name": "synthetic", "classes": 4, "groups": 6, "clips": 3, "seconds": 0.3},
    "protocol": {"base": 3, "way": 1, "shot": 2, "sessions": 1, "order": "source", "draws": 2},
    "training": {"epochs": 1, "batch": 12},
    "schedule": {"warmup": 0},
    "temporal": {"centre": True},
}


def recipe(**changed: object) -> Recipe:
    return resolve({**RAW, **changed}, SECTIONS, "melodies")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run.create(tmp_path_factory.mktemp("runs"), recipe())
    perform(recipe(), run, Console(quiet=True))
    return run


def test_the_kept_embeddings_are_made_again_to_the_last_bit(finished: Run) -> None:
    pipeline, kept = reopened(recipe(), finished), finished.load_arrays("embeddings")
    assert kept is not None
    samples = pipeline.source.read()
    inputs = Inputs(rows([samples.ids.tolist().index(name) for name in kept[1]["ids"]]), samples.load)
    assert np.array_equal(pipeline.embedder.vectors(inputs).numpy(), kept[0]["vectors"])
    assert list(pipeline.similarities) == ["cosine"]


def test_whitening_and_the_mean_that_a_similarity_subtracts_are_restored(tmp_path: Path) -> None:
    """So that scores of a reopened run are those of the run."""
    resolved = recipe(whitening={"name": "within_class"}, similarity={"centred_cosine": {}, "dtw": {}})
    run = Run.create(tmp_path, resolved)
    perform(resolved, run, Console(quiet=True))
    pipeline, kept, weights = reopened(resolved, run), run.load_arrays("embeddings"), run.load_arrays("weights")
    assert kept is not None
    assert weights is not None
    samples = pipeline.source.read()
    inputs = Inputs(rows([samples.ids.tolist().index(name) for name in kept[1]["ids"]]), samples.load)
    assert np.array_equal(pipeline.embedder.vectors(inputs).numpy(), kept[0]["vectors"])
    assert isinstance(pipeline.embedder, Whitened)
    assert pipeline.embedder.whitening.steps is not None
    centred = pipeline.similarities["centred_cosine"]
    assert isinstance(centred, CentredCosine)
    assert centred.mean is not None
    assert np.array_equal(centred.mean.numpy(), weights[0]["mean.centred_cosine"])


def test_the_new_class_has_a_nearest_base_class(finished: Run) -> None:
    result = finished.result()
    assert result
    ((name, one),) = result.facts["nearest"].items()
    assert (result.classes[name], result.classes[one["base"]]) == ("session 1", "base")
    assert one["share"] in (0.5, 1.0)
    assert -1 <= one["similarity"] <= 1


def test_weights_that_are_missing_or_foreign_are_told(finished: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(finished.folder, tmp_path / "copy")))
    with pytest.raises(Problem, match=r"weights.safetensors does not fit .*recipe.toml: these are the weights of another recipe"):
        reopened(recipe(encoder={"width": 2}), copy)
    (copy.folder / "weights.safetensors").unlink()
    with pytest.raises(Problem, match=r"weights.safetensors is missing, .* is finished, .*; run its recipe again with --again"):
        reopened(recipe(), copy)
    copy.save_json("status", {**copy.status, "state": "stopped"})
    with pytest.raises(Problem, match=r"which is stopped, cannot be analysed without it; finish it with `scratchlab resume copy`"):
        reopened(recipe(), copy)
