"""Every public name has an example, and says which shapes it takes: the names that the stubs of the package export."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import scratchlab
from scratchlab.pipeline import SECTIONS
from scratchlab.recipe import Fixed

SOURCE = Path(scratchlab.__file__).parent
PACKAGES = [".".join(["scratchlab", *stub.parent.relative_to(SOURCE).parts]) for stub in sorted(SOURCE.rglob("__init__.pyi"))]
NAMES = [(package, name) for package in PACKAGES for name in importlib.import_module(package).__all__]
NO_ARRAY = {
    "Detection",
    "Estimate",
    "Result",
    "Rules",
    "ToTarget",
    "alarms_per_hour",
    "harmonic_mean",
    "proportion",
    "run",
}  # neither take nor hold arrays themselves
SECTIONS_OF_RECIPES = {"optimizer", "schedule", "streams", "scoring", "training", "observe"}  # they are about a training, not tensors


def public(package: str, name: str) -> Any:
    return getattr(importlib.import_module(package), name)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_an_example(package: str) -> None:
    """It runs: tests/test_docs.py runs all of them."""
    assert ">>> " in (importlib.import_module(package).__doc__ or "")


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_every_public_name_has_an_example(package: str, name: str) -> None:
    assert ">>> " in (public(package, name).__doc__ or ""), f"{package}.{name}: one to four lines on plain tensors, in its own docstring"


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_every_public_name_says_its_shapes(package: str, name: str) -> None:
    if name not in NO_ARRAY and not isinstance(public(package, name), ModuleType):
        assert re.search(r"`\[[^]`]*\]`", public(package, name).__doc__ or ""), f"{package}.{name}: shapes, as in `[n, d]`"


@pytest.mark.parametrize("section", sorted(SECTIONS.keys() - SECTIONS_OF_RECIPES))
def test_every_part_of_a_recipe_is_public_too(section: str) -> None:
    """By the same object; a loss of tensors, if a recipe names a weighted term of it."""
    kind = SECTIONS[section]
    exported = {id(public(package, name)) for package, name in NAMES}
    terms = {"Contrastive", "PseudoClassTerm", "none"}
    parts = [kind.part] if isinstance(kind, Fixed) else list(kind.parts.values())
    assert [part.__name__ for part in parts if id(part) not in exported and part.__name__ not in terms] == []
