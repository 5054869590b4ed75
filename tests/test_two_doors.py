"""Parts without a recipe: the README's lines run, imports are light, and objects make the run that a recipe makes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

import scratchlab as sl
from scratchlab.checks import Problem
from scratchlab.experiment import perform
from scratchlab.learn.methods.catalog import METHODS
from scratchlab.pipeline import SECTIONS
from scratchlab.recipe import resolve
from scratchlab.store.run import Run

DIGITS = sl.data.SklearnDigits().read()


def test_the_lines_of_the_readme_run() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "sl." in block]
    assert "import scratchlab as sl" in blocks[0]
    made: dict[str, Any] = {}
    for block in blocks:
        exec(block, made)
    assert made["features"].shape == (8, 1, 40, 101)
    assert made["embeddings"].matrix.shape == (8, 101, 32)
    assert made["scores"].shape == (8, 8)
    assert made["loss"].ndim == 0
    assert isinstance(made["alike"], float)
    assert made["result"].head.headline.value > 0.2


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, scratchlab; print(sorted({'torch', 'numpy', 'pydantic', 'polars', 'numba', 'scipy'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("name", METHODS)
def test_every_method_runs_around_an_encoder(name: str) -> None:
    """Class-incremental sessions with each method, built from an encoder and nothing else that has a default."""
    settings: dict[str, Any] = {"co_teaching": {"tau": 0.2}, "cec": {"episodes_per_epoch": 1}}.get(name, {})
    method = METHODS[name](sl.models.Conv4(DIGITS.form, channels=4), training={"epochs": 1, "device": "cpu"}, **settings)
    protocol = sl.protocols.Sessions(base=6, way=2, shot=5, sessions=2, draws=2)
    result = sl.run(method, DIGITS, protocol, progress=False)  # type: ignore[arg-type]
    assert result.kind == "sessions"
    assert "features.linear" in result.heads
    assert [row.context["session"] for row in result.head.rows] == [0, 1, 2]


def test_a_run_of_objects_equals_the_run_of_a_recipe(tmp_path: Path) -> None:
    """Same seed, same initial weights: the recipe builds the same parts."""
    raw = {
        "data": {"name": "sklearn_digits"},
        "protocol": {"name": "sessions", "base": 6, "way": 2, "sessions": 2, "draws": 2},
        "frontend": {"name": "pixels"},
        "encoder": {"name": "conv4", "channels": 8},
        "similarity": {"cosine": {}, "dtw": {"window": 0.5}},
        "method": {"name": "teen", "share": 0.3},
        "training": {"epochs": 2, "device": "cpu"},
    }
    recipe = resolve(raw, SECTIONS, "recipe")
    run = Run.create(tmp_path, recipe, "recipe")
    perform(recipe, run, Console(quiet=True))
    torch.manual_seed(0)
    encoder = sl.models.Conv4(DIGITS.form, channels=8)
    similarities = [sl.similarity.Cosine(), sl.similarity.DTW(window=0.5)]
    method = sl.methods.TEEN(encoder, share=0.3, similarity=similarities, training={"epochs": 2, "device": "cpu"})
    result = sl.run(method, DIGITS, sl.protocols.Sessions(base=6, way=2, sessions=2, draws=2), seed=0, progress=False)
    stored = run.result()
    assert stored is not None
    assert result.heads == stored.heads


def test_a_method_learns_once() -> None:
    method = sl.methods.Prototypes(sl.models.Conv4(DIGITS.form, channels=4), training={"epochs": 1, "device": "cpu"})
    sl.run(method, DIGITS, sl.protocols.ClosedSet(), progress=False)
    with pytest.raises(Problem, match="has learned already"):
        sl.run(method, DIGITS, sl.protocols.ClosedSet(), progress=False)
