"""A plan: a recipe, what varies, and how many seeds. Read from a TOML file and checked whole before anything runs.

recipe = "digits"                         # a name or a path, as after `scratchlab run`
seeds = 3                                 # 0, 1, 2; or a list
settings = ["training.epochs=10"]         # of all runs, as after -s

[grid]                                    # every combination
"encoder.channels" = [16, 32]
loss = [{cross_entropy = {}}, {squared_error = {}}]

[[zip]]                                   # move together
"training.rates.readout" = [0.01, 0.1]
"training.rates.body" = [0.001, 0.01]

[random]                                  # drawn, for every combination of the above
trials = 20
seed = 0
axes = {"optimizer.weight_decay" = {low = 1e-5, high = 1e-2, log = true}}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from scratchlab import recipe as recipes
from scratchlab import shelf
from scratchlab.checks import Problem, nearest
from scratchlab.experiment import SECTIONS, assemble
from scratchlab.learn.training import Forgetful
from scratchlab.recipe import Recipe, Values
from scratchlab.sweeps.axes import Axis, Cell, Range, drawn, once, product, shown

KEYS = ("title", "recipe", "seeds", "settings", "grid", "zip", "random")
RANDOM = ("trials", "seed", "axes")


@dataclass(frozen=True)
class Job:
    """One run of a sweep: its cell, and the recipe with every setting filled in, the seed included."""

    cell: Cell
    recipe: Recipe


@dataclass(frozen=True)
class Plan:
    """What a sweep is to do. `together`: the settings that vary, in the order of the plan, those in one that move together."""

    name: str
    title: str
    together: tuple[tuple[str, ...], ...]
    jobs: tuple[Job, ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings that vary."""
        return tuple(name for names in self.together for name in names)

    @property
    def key(self) -> str:
        """Eight hexadecimal digits that stand for all its runs."""
        return hashlib.sha256(json.dumps([job.recipe.key for job in self.jobs]).encode()).hexdigest()[:8]


def planned(path: Path, more: Iterable[str] = (), seeds_instead: int | None = None) -> Plan:
    """The plan in a file; `more`: settings of all runs, as after -s; `seeds_instead`: how many seeds, rather than the plan's own.

    Raises Problem for all that would stop a run before its first step.
    """
    told = recipes.read(path)
    if seeds_instead is not None:
        told["seeds"] = seeds_instead
    for key in told:
        if key not in KEYS:
            raise Problem(f"{path}: {key} is not known in a plan; there are: {', '.join(KEYS)}.{nearest(key, KEYS)}")
    if not isinstance(told.get("recipe"), str):
        raise Problem(f'{path}: recipe = {told.get("recipe")!r} does not fit: a plan names the recipe it varies, as in recipe = "digits".')
    base = shelf.find(told["recipe"])
    raw = recipes.overridden(shelf.read(base), [*_settings(told, path), *more])
    seeds, (together, cells) = _seeds(told, path), _cells(told, path)
    if "seed" in cells[0]:
        raise Problem(f"{path}: seed is no axis, as runs that differ in it alone are repetitions; write seeds = [0, 1, 2].")
    title = str(told.get("title", raw.get("title", "")))
    jobs = [Job(cell, _resolved(raw, cell, seed, base.stem, path)) for cell in cells for seed in seeds]
    _all_differ(jobs, path)
    for job in jobs[:: len(seeds)]:  # another seed fits as well
        _fits(job, path)
    return Plan(path.stem, title, together, tuple(jobs))


def _resolved(raw: Values, cell: Cell, seed: int, name: str, path: Path) -> Recipe:
    try:
        return recipes.resolve(recipes.assigned(raw, [*cell.items(), ("seed", seed)]), SECTIONS, name)
    except Problem as problem:
        raise Problem(f"{path}, where {told_cell(cell)}: {problem}") from None


def _fits(job: Job, path: Path) -> None:
    try:
        groups, rates = assemble(job.recipe, Forgetful()).method.groups, job.recipe.values["training"]["rates"]
        if "training.rate" in job.cell and set(groups) <= set(rates):
            raise Problem(f"training.rate has no effect, as training.rates names every group ({', '.join(groups)}).")
    except Problem as problem:
        raise Problem(f"{path}, where {told_cell(job.cell)}: {problem}") from None


def told_cell(cell: Cell) -> str:
    """A cell in words: `encoder.width = 2, training.batch = 64`."""
    return ", ".join(f"{setting} = {shown(value)}" for setting, value in cell.items())


def _all_differ(jobs: list[Job], path: Path) -> None:
    """Raises Problem for two cells that come to the same run: what tells them apart has no effect."""
    first: dict[str, Job] = {}
    for job in jobs:
        other = first.setdefault(job.recipe.key, job)
        if other is not job:
            differing = [name for name in job.cell if shown(job.cell[name]) != shown(other.cell[name])]
            why = f"{' and '.join(differing)} has no effect there" if differing else "it is there twice"
            raise Problem(f"{path}: ({told_cell(other.cell)}) and ({told_cell(job.cell)}) are one and the same run: {why}.")


def _settings(told: Values, path: Path) -> list[str]:
    given = told.get("settings", [])
    if not isinstance(given, list) or not all(isinstance(one, str) for one in cast("list[Any]", given)):
        raise Problem(f'{path}: settings = {given!r} does not fit: a list of settings as after -s, as in ["training.epochs=10"].')
    return cast("list[str]", given)


def _seeds(told: Values, path: Path) -> list[int]:
    given = told.get("seeds", [0])
    seeds: Any = list(range(given)) if type(given) is int else given
    if not isinstance(seeds, list) or not seeds or not all(type(seed) is int and seed >= 0 for seed in cast("list[Any]", seeds)):
        raise Problem(f"{path}: seeds = {given!r} does not fit: how many there are, or a list of whole numbers from 0 on.")
    found = cast("list[int]", seeds)
    if len(set(found)) < len(found):
        raise Problem(f"{path}: seeds = {given!r} has one twice.")
    return found


def _table(given: Any, where: str) -> Values:
    if not isinstance(given, dict) or not given:
        raise Problem(f"{where} is a table of settings and their values; it is {given!r}.")
    return cast(Values, given)


def _cells(told: Values, path: Path) -> tuple[tuple[tuple[str, ...], ...], list[Cell]]:
    """The settings of grid, zips and random draws, in the order of the plan, and the cells."""
    grid, zips = _table(told["grid"], f"{path}, [grid]") if "grid" in told else {}, told.get("zip", [])
    if not isinstance(zips, list):
        raise Problem(f"{path}: [zip] is written [[zip]], once for each group of settings that move together.")
    axes = [Axis.zipped({name: values}, f"{path}, [grid]") for name, values in grid.items()]
    axes += [Axis.zipped(_table(one, f"{path}, [[zip]]"), f"{path}, [[zip]]") for one in cast("list[Any]", zips)]
    together = tuple(axis.settings for axis in axes)
    names = [setting for settings in together for setting in settings]
    fixed = product(axes)
    if "random" not in told:
        if not axes:
            raise Problem(f"{path} varies nothing; give it a table [grid], [[zip]] or [random].")
        once(names, str(path))
        return together, fixed
    ranges, trials, seed = _random(_table(told["random"], f"{path}, [random]"), path)
    once([*names, *ranges], str(path))
    more = drawn(ranges, trials, seed, f"{path}, [random]")
    return (*together, tuple(ranges)), [cell | drawn_cell for cell in fixed for drawn_cell in more]


def _random(table: Values, path: Path) -> tuple[dict[str, Range], int, int]:
    for key in table:
        if key not in RANDOM:
            raise Problem(f"{path}: random.{key} is not known; there are: {', '.join(RANDOM)}.{nearest(key, RANDOM)}")
    trials, seed = table.get("trials"), table.get("seed", 0)
    if type(trials) is not int or trials < 1:
        raise Problem(f"{path}: random.trials = {trials!r} does not fit: it is how many cells are drawn, 1 or more.")
    if type(seed) is not int or seed < 0:
        raise Problem(f"{path}: random.seed = {seed!r} does not fit: it is a whole number from 0 on.")
    axes = _table(table.get("axes"), f"{path}, [random.axes]")
    return {name: Range.told(given, f"{path}, random.axes.{name}") for name, given in axes.items()}, trials, seed
