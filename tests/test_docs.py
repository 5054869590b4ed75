"""What is written down is true: every command and recipe is named, every recipe resolves, doctests run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import runpy
from pathlib import Path

import pytest

import scratchlab
from scratchlab import recipe, shelf
from scratchlab.cli import app
from scratchlab.pipeline import SECTIONS, check
from scratchlab.recipe import Fixed

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")}
RECIPES = sorted((ROOT / "recipes").glob("*.toml"))
MODULES = sorted(name for _, name, _ in pkgutil.walk_packages(scratchlab.__path__, "scratchlab.") if not name.endswith("__main__"))


def commands() -> list[str]:
    return [one.name or (one.callback.__name__ if one.callback else "") for one in app.registered_commands]


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_its_page_and_helps(command: str) -> None:
    assert f"| `scratchlab {command}" in PAGES["commands"]
    (found,) = [one for one in app.registered_commands if (one.name or getattr(one.callback, "__name__", "")) == command]
    assert (found.callback.__doc__ or "").strip().endswith(".")


def test_no_page_names_another_command() -> None:
    named = set(re.findall(r"`scratchlab ([a-z]+)", "".join([README, *PAGES.values()])))
    assert named <= set(commands())


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    assert len(README.splitlines()) < 200
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def packages(directive: str, path: Path) -> list[str]:
    """What a page of the reference gives to this directive, over all its uses."""
    uses = re.findall(rf"\.\. {directive}:: ((?:[\w.]+\s+)+)", path.read_text(encoding="utf-8"))
    return [package for use in uses for package in use.split()]


LISTED = packages("parts", ROOT / "docs" / "reference.md")
ENTERED = [package for path in sorted((ROOT / "docs" / "reference").glob("*.md")) for package in packages("entries", path)]
CALLBACKS = ("scratchlab.observe.callbacks.lightning", "scratchlab.observe.callbacks.hugging_face")  # each needs its library
NO_ENTRY = ("scratchlab.cli", "scratchlab.report", *CALLBACKS)  # commands and pages are documented by what they print
PARTS = runpy.run_path(str(ROOT / "docs" / "parts.py"))


def test_every_public_name_is_in_the_reference_once() -> None:
    """In a table by what one wants to do, which links to its entry."""
    public = [package for package in {"scratchlab", *MODULES} - {*CALLBACKS} if PARTS["has_stub"](importlib.import_module(package))]
    assert sorted(package for package in LISTED if package in public) == sorted(public)
    assert len(ENTERED) == len(set(ENTERED))
    entries = {name for package in ENTERED for name in [*PARTS["names"](package), *PARTS["modules"](package)]}
    assert [name for package in LISTED for name in PARTS["names"](package) or PARTS["modules"](package) if name not in entries] == []


def test_every_part_is_in_the_reference() -> None:
    """And every module, but those of pages, commands and callbacks."""
    parts = [part for kind in SECTIONS.values() for part in ([kind.part] if isinstance(kind, Fixed) else kind.parts.values())]
    parts = [part for part in parts if part.__module__.startswith("scratchlab.") and part.__name__ != "none"]  # not those of other packages
    public = {id(public_object(name)) for package in ENTERED for name in PARTS["names"](package)}
    behind = {module for package in ENTERED for module in PARTS["modules"](package)}
    assert [part for part in parts if id(part) not in public and part.__module__ not in behind] == []
    homes = {public_object(name).__module__ for package in ENTERED for name in PARTS["names"](package)}
    modules = [name for name in MODULES if not name.startswith(NO_ENTRY) and not hasattr(importlib.import_module(name), "__path__")]
    assert [name for name in modules if name not in behind | homes] == []


def public_object(name: str) -> object:
    package, _, last = name.rpartition(".")
    return getattr(importlib.import_module(package), last)


def test_nothing_is_left_to_fill_in() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *RECIPES]:
        assert "@@" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_fits_together_and_says_what_it_is(path: Path) -> None:
    """It resolves, its parts are built, the resolved form has the same key; its header and the page of recipes name it."""
    resolved = recipe.resolve(shelf.read(path), SECTIONS, path.stem)
    check(resolved)
    again = recipe.resolve(recipe.tomllib.loads(resolved.toml()), SECTIONS, path.stem)
    assert again.key == resolved.key
    header = "\n".join(shelf.header(path))
    assert f"scratchlab run {path.stem}" in header
    assert f"`{path.stem}`" in PAGES["recipes"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    if name.startswith("scratchlab.observe.callbacks."):
        pytest.importorskip(name, exc_type=ImportError, reason=f"{name} needs the library it is named after")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_page_of_ten_lines_runs(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "ten-lines.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        assert len(block.strip().splitlines()) <= 15
        exec(block, names)
    assert "features.linear" in capsys.readouterr().out
