"""Engines by name. What they stand on is loaded when one is used, so that whoever sweeps on this machine needs none of it."""

from __future__ import annotations

from collections.abc import Iterable

from scratchlab.checks import Problem, installed
from scratchlab.recipe import Catalog, OneOf, Sections, overridden, resolve
from scratchlab.sweeps.engines.interface import Engine
from scratchlab.sweeps.engines.local import Local
from scratchlab.sweeps.engines.ray import Ray
from scratchlab.sweeps.engines.slurm import Slurm

ENGINES: Catalog = {"local": Local, "ray": Ray, "slurm": Slurm}
LIBRARIES = {"ray": "ray", "slurm": "submitit"}  # of those that do not come along; the extra that brings one is called as its engine


def chosen(name: str, workers: int, options: Iterable[str] = ()) -> Engine:
    """The engine of this name, able to work; `options`: its settings, `setting=value`. Raises Problem that lists what is valid."""
    sections: Sections = {"engine": OneOf(ENGINES, "local")}
    options = list(options)
    for option in options:
        if "=" not in option:
            raise Problem(f"-o {option} does not fit: write -o setting=value, as in -o minutes=120.")
    recipe = resolve(overridden({"engine": {"name": name}}, [f"engine.{option}" for option in options]), sections, name)
    if name in LIBRARIES:
        installed(f"The engine {name}", name, LIBRARIES[name])
    return recipe.build("engine", sections, workers)
