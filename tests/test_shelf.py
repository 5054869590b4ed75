"""Recipes that extend others."""

from __future__ import annotations

from pathlib import Path

import pytest

from scratchlab import shelf
from scratchlab.checks import Problem


def recipe(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def test_own_settings_take_precedence_over_those_of_the_extended_recipe(tmp_path: Path) -> None:
    recipe(tmp_path, "first", 'seed = 1\n[method]\nname = "fact"\nvirtual = 9\n[training]\nepochs = 3\nrates = {body = 0.1}\n')
    recipe(tmp_path, "second", 'extends = "first"\n[training]\nepochs = 5\nrates = {readout = 0.2}\n')
    third = recipe(tmp_path, "third", 'extends = "second"\nseed = 2\n[method]\nname = "teen"\n[similarity.dtw]\n')
    assert shelf.read(third) == {
        "seed": 2,
        "method": {"name": "teen"},  # the settings of another part do not apply
        "training": {"epochs": 5, "rates": {"body": 0.1, "readout": 0.2}},
        "similarity": {"dtw": {}},
    }


def test_errors_for_cycles_and_unknown_recipes(tmp_path: Path) -> None:
    recipe(tmp_path, "egg", 'extends = "hen"\n')
    with pytest.raises(Problem, match="extends itself, through hen, egg"):
        shelf.read(recipe(tmp_path, "hen", 'extends = "egg"\n'))
    with pytest.raises(Problem, match=r"There is no recipe 'digit'.*Did you mean 'digits'"):
        shelf.read(recipe(tmp_path, "lost", 'extends = "digit"\n'))
    with pytest.raises(Problem, match="it must be the name of a recipe"):
        shelf.read(recipe(tmp_path, "odd", "extends = 3\n"))
