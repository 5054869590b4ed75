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

[tpe]                                     # instead of all three: chosen by what earlier trials came to
trials = 40
goal = "valid.loss"                       # a column of the sweep's table, of training or validation
parallel = 4                              # trials at a time: the next one does not know of these
axes = {"training.rate" = {low = 1e-3, high = 1.0, log = true}, "optimizer.name" = {choices = ["sgd", "adamw"]}}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from scratchlab import recipe as recipes
from scratchlab import shelf
from scratchlab.checks import Problem, listing, nearest
from scratchlab.learn.checkpoints import NullStore
from scratchlab.pipeline import SECTIONS, assemble
from scratchlab.recipe import Recipe, Values
from scratchlab.sweeps.axes import Cell, shown
from scratchlab.sweeps.search import Search
from scratchlab.sweeps.tables import cells_of, search_of, seeds_of, settings_of

KEYS = ("title", "recipe", "seeds", "settings", "grid", "zip", "random", "tpe")


@dataclass(frozen=True)
class Job:
    """One run of a sweep: its cell, the recipe with every setting filled in, the seed included, and those that are not the recipe's own."""

    cell: Cell
    recipe: Recipe
    changed: Values


@dataclass(frozen=True)
class Plan:
    """What a sweep is to do. `together`: the settings that vary, in the order of the plan, those in one that move together.

    jobs: all runs; of a search, those of its first trial. `jobs_of`: the runs of a cell, by seed.
    """

    name: str
    title: str
    together: tuple[tuple[str, ...], ...]
    jobs: tuple[Job, ...]
    jobs_of: Callable[[Cell], tuple[Job, ...]]
    search: Search | None = None

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings that vary."""
        return tuple(name for names in self.together for name in names)

    @property
    def key(self) -> str:
        """Eight hexadecimal digits that stand for all its runs."""
        told = json.dumps([[job.recipe.key for job in self.jobs], *([repr(self.search)] if self.search else [])])
        return hashlib.sha256(told.encode()).hexdigest()[:8]


def planned(path: Path, more: Iterable[str] = (), seeds_instead: int | None = None) -> Plan:
    """The plan in a file; `more`: settings of all runs, as after -s; `seeds_instead`: how many seeds, rather than the plan's own.

    Raises Problem for all that would stop a run before its first step.
    """
    if not path.is_file():
        raise Problem(f"There is no plan at {path}; there are: {listing(shelf.plans())}, or the path of a TOML file.")
    told = recipes.read(path)
    if "recipe" not in told and set(told) & set(SECTIONS):
        raise Problem(f'{path} is a recipe and no plan: `scratchlab run {path}` runs it, and a plan names it, as in recipe = "digits".')
    if seeds_instead is not None:
        told["seeds"] = seeds_instead
    for key in told:
        if key not in KEYS:
            raise Problem(f"{path}: {key} is not known in a plan; there are: {', '.join(KEYS)}.{nearest(key, KEYS)}")
    if not isinstance(told.get("recipe"), str):
        given = f"recipe = {told['recipe']!r} does not fit" if "recipe" in told else "recipe is missing"
        raise Problem(f'{path}: {given}: a plan names the recipe it varies, as in recipe = "digits".')
    base = shelf.find(told["recipe"])
    plain = shelf.read(base)
    raw = recipes.overridden(plain, [*settings_of(told, path), *more])
    seeds, search = seeds_of(told, path), search_of(told, path)
    together, cells = ((tuple(search.ranges),), [search.cell(0, [])]) if search else cells_of(told, path)
    if "seed" in cells[0]:
        raise Problem(f"{path}: seed is no axis, as runs that differ in it alone are repetitions; write seeds = [0, 1, 2].")
    _vary_alone([one.partition("=")[0].strip() for one in more], (*cells[0], "seed"), path)
    title = str(told.get("title", raw.get("title", "")))

    def jobs_of(cell: Cell) -> tuple[Job, ...]:
        jobs = tuple(_job(raw, plain, cell, seed, base.stem, path) for seed in seeds)
        _fits(jobs[0], path)  # another seed fits as well
        return jobs

    for cell in search.corners() if search else ():
        jobs_of(cell)
    jobs = tuple(job for cell in cells for job in jobs_of(cell))
    _all_differ(jobs, path)
    return Plan(path.stem, title, together, jobs, jobs_of, search)


def _vary_alone(fixed: Iterable[str], varying: Iterable[str], path: Path) -> None:
    """Raises Problem for a setting of all runs, as after -s, that the plan varies all the same."""
    for name in fixed:
        for other in varying:
            if name == other or name.startswith(f"{other}.") or other.startswith(f"{name}."):
                instead = "say how many with --seeds, or which in the plan" if name == "seed" else "change it there"
                raise Problem(f"-s {name}=… has no effect, as {path} varies {'seeds' if name == 'seed' else other}; {instead}.")


def _job(raw: Values, plain: Values, cell: Cell, seed: int, name: str, path: Path) -> Job:
    try:
        tables = recipes.assigned(raw, [*cell.items(), ("seed", seed)])
        return Job(cell, recipes.resolve(tables, SECTIONS, name), recipes.differences(tables, plain))
    except Problem as problem:
        raise Problem(f"{path}, where {told_cell(cell)}: {problem}") from None


def _fits(job: Job, path: Path) -> None:
    try:
        groups, rates = assemble(job.recipe, NullStore()).method.groups, job.recipe.values["training"]["rates"]
        if "training.rate" in job.cell and set(groups) <= set(rates):
            raise Problem(f"training.rate has no effect, as training.rates names every group ({', '.join(groups)}).")
    except Problem as problem:
        raise Problem(f"{path}, where {told_cell(job.cell)}: {problem}") from None


def told_cell(cell: Cell) -> str:
    """A cell in words: `encoder.width = 2, training.batch = 64`."""
    return ", ".join(f"{setting} = {shown(value)}" for setting, value in cell.items())


def _all_differ(jobs: Iterable[Job], path: Path) -> None:
    """Raises Problem for two cells that come to the same run: what tells them apart has no effect."""
    first: dict[str, Job] = {}
    for job in jobs:
        other = first.setdefault(job.recipe.key, job)
        if other is not job:
            differing = [name for name in job.cell if shown(job.cell[name]) != shown(other.cell[name])]
            why = f"{' and '.join(differing)} has no effect there" if differing else "it is there twice"
            raise Problem(f"{path}: ({told_cell(other.cell)}) and ({told_cell(job.cell)}) are one and the same run: {why}.")
