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


def test_recipes_are_listed_by_their_question_with_their_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recipes").mkdir()
    recipe(
        tmp_path / "recipes",
        "mine",
        '# Birds,\n# again.\n#\n#   scratchlab run mine\nextends = "omniglot-episodes"\n[data]\nname = "images"\n',
    )
    recipe(tmp_path / "recipes", "noisy", '[noise]\nname = "pair"\n')
    recipe(tmp_path / "recipes", "damaged", "[data\n")
    monkeypatch.chdir(tmp_path)
    questions = shelf.by_question()
    of = {entry.name: (question, entry) for question, entries in questions.items() for entry in entries}
    assert of.keys() == shelf.recipes().keys()
    assert of["mine"] == (shelf.QUESTIONS["episodes"], shelf.Entry("mine", "images", "Birds, again."))
    assert of["noisy"][0] == of["digits-noise"][0] == shelf.QUESTIONS["noise"]
    assert of["noisy"][1].corpus == "mnist"
    assert of["omniglot-retrieval"][0] == shelf.QUESTIONS["retrieval"]
    assert (list(questions)[-1], of["damaged"][0]) == ("Not readable", "Not readable")
    assert "recipes/damaged.toml is not readable as TOML" in of["damaged"][1].summary


def test_every_protocol_has_a_question() -> None:
    from scratchlab.data.protocols.catalog import PROTOCOLS

    assert set(shelf.QUESTIONS) == {*PROTOCOLS, "noise"}
