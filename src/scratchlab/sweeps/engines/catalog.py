"""Engines by name. Their libraries are imported on use, so that local sweeps need none of them."""

from __future__ import annotations

from collections.abc import Iterable

from scratchlab.checks import Problem, installed
from scratchlab.plugins import OpenCatalog
from scratchlab.recipe import OneOf, Sections, overridden, resolve
from scratchlab.sweeps.engines.interface import Engine
from scratchlab.sweeps.engines.local import Local
from scratchlab.sweeps.engines.ray import Ray
from scratchlab.sweeps.engines.slurm import Slurm

ENGINES = OpenCatalog("engine", {"local": Local, "ray": Ray, "slurm": Slurm}, Engine)
LIBRARIES = {"ray": "ray", "slurm": "submitit"}  # engine -> library that it needs; the extra that installs it has the engine's name


def chosen(name: str, workers: int, options: Iterable[str] = ()) -> Engine:
    """The engine of this name; `options` are its settings, as `setting=value`. Raises Problem for an unknown name or a missing library."""
    sections: Sections = {"engine": OneOf(ENGINES, "local")}
    options = list(options)
    for option in options:
        if "=" not in option:
            raise Problem(f"-o {option} does not fit: write -o setting=value, as in -o minutes=120.")
    recipe = resolve(overridden({"engine": {"name": name}}, [f"engine.{option}" for option in options]), sections, name)
    if name in LIBRARIES:
        installed(f"The engine {name}", name, LIBRARIES[name])
    return recipe.build("engine", sections, workers)
