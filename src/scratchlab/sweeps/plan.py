"""A plan: a recipe, the settings that vary, and the seeds. Read from a TOML file and checked completely before anything runs.

recipe = "digits"                         # a name or a path, as after `scratchlab run`
seeds = 3                                 # 0, 1, 2; or a list
settings = ["training.epochs=10"]         # for all runs, as after -s

[grid]                                    # every combination
"encoder.channels" = [16, 32]
loss = [{cross_entropy = {}}, {squared_error = {}}]

[[zip]]                                   # these move together
"training.rates.readout" = [0.01, 0.1]
"training.rates.body" = [0.001, 0.01]

[random]                                  # random draws, for every combination of the above
trials = 20
seed = 0
axes = {"optimizer.weight_decay" = {low = 1e-5, high = 1e-2, log = true}}

[tpe]                                     # instead of these three: chosen by the results of earlier trials
trials = 40
goal = "valid.loss"                       # a column of the sweep's table, from training or validation
parallel = 4                              # trials at a time: they do not know each other's results
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
from scratchlab.sweeps.axes import Cell, format_value
from scratchlab.sweeps.search import Search
from scratchlab.sweeps.tables import cells_of, search_of, seeds_of, settings_of

KEYS = ("title", "recipe", "seeds", "settings", "grid", "zip", "random", "tpe")


@dataclass(frozen=True)
class PlannedRun:
    """One run of a sweep: its cell, the recipe with all settings and the seed filled in, and the settings changed from the recipe."""

    cell: Cell
    recipe: Recipe
    changed: Values


@dataclass(frozen=True)
class Plan:
    """What a sweep executes. `together`: the settings that vary, in the plan's order, grouped with those that move together.

    runs: all runs; of a search, those of its first trial. `runs_of`: the runs of a cell, by seed.
    """

    name: str
    title: str
    together: tuple[tuple[str, ...], ...]
    runs: tuple[PlannedRun, ...]
    runs_of: Callable[[Cell], tuple[PlannedRun, ...]]
    search: Search | None = None

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings that vary."""
        return tuple(name for names in self.together for name in names)

    @property
    def key(self) -> str:
        """Eight hexadecimal digits that identify the set of its runs."""
        identity = json.dumps([[run.recipe.key for run in self.runs], *([repr(self.search)] if self.search else [])])
        return hashlib.sha256(identity.encode()).hexdigest()[:8]


def read_plan(path: Path, more: Iterable[str] = (), seeds_instead: int | None = None) -> Plan:
    """Reads a plan from a file. `more`: settings for all runs, as after -s. `seeds_instead`: number of seeds that replaces the plan's.

    Raises Problem for anything that would stop a run before its first step.
    """
    if not path.is_file():
        raise Problem(f"There is no plan at {path}; there are: {listing(shelf.plans())}, or the path of a TOML file.")
    table = recipes.read(path)
    if "recipe" not in table and set(table) & set(SECTIONS):
        raise Problem(
            f'{path} is a recipe, not a plan: run it with `scratchlab run {path}`, or name it in a plan, as in recipe = "digits".'
        )
    if seeds_instead is not None:
        table["seeds"] = seeds_instead
    for key in table:
        if key not in KEYS:
            raise Problem(f"{path}: {key} is not a key of a plan; the keys are: {', '.join(KEYS)}.{nearest(key, KEYS)}")
    if not isinstance(table.get("recipe"), str):
        given = f"recipe = {table['recipe']!r} does not fit" if "recipe" in table else "recipe is missing"
        raise Problem(f'{path}: {given}: a plan must name the recipe it varies, as in recipe = "digits".')
    base = shelf.find(table["recipe"])
    plain = shelf.read(base)
    raw = recipes.overridden(plain, [*settings_of(table, path), *more])
    seeds, search = seeds_of(table, path), search_of(table, path)
    together, cells = ((tuple(search.ranges),), [search.cell(0, [])]) if search else cells_of(table, path)
    if "seed" in cells[0]:
        raise Problem(
            f"{path}: seed cannot be an axis, because runs that differ only in the seed are repetitions; write seeds = [0, 1, 2]."
        )
    _check_overrides([one.partition("=")[0].strip() for one in more], (*cells[0], "seed"), path)
    title = str(table.get("title", raw.get("title", "")))

    def runs_of(cell: Cell) -> tuple[PlannedRun, ...]:
        runs = tuple(_planned_run(raw, plain, cell, seed, base.stem, path) for seed in seeds)
        _check_pipeline(runs[0], path)  # if one seed is valid, all are
        return runs

    for cell in search.corners() if search else ():
        runs_of(cell)
    runs = tuple(run for cell in cells for run in runs_of(cell))
    _check_distinct(runs, path)
    return Plan(path.stem, title, together, runs, runs_of, search)


def _check_overrides(fixed: Iterable[str], varying: Iterable[str], path: Path) -> None:
    """Raises Problem if a setting for all runs, as after -s, is one that the plan varies."""
    for name in fixed:
        for other in varying:
            if name == other or name.startswith(f"{other}.") or other.startswith(f"{name}."):
                remedy = "give their number with --seeds, or list them in the plan" if name == "seed" else "change it there"
                raise Problem(f"-s {name}=… has no effect, because {path} varies {'seeds' if name == 'seed' else other}; {remedy}.")


def _planned_run(raw: Values, plain: Values, cell: Cell, seed: int, name: str, path: Path) -> PlannedRun:
    try:
        tables = recipes.assigned(raw, [*cell.items(), ("seed", seed)])
        return PlannedRun(cell, recipes.resolve(tables, SECTIONS, name), recipes.differences(tables, plain))
    except Problem as problem:
        raise Problem(f"{path}, where {format_cell(cell)}: {problem}") from None


def _check_pipeline(run: PlannedRun, path: Path) -> None:
    try:
        groups, rates = assemble(run.recipe, NullStore()).method.groups, run.recipe.values["training"]["rates"]
        if "training.rate" in run.cell and set(groups) <= set(rates):
            raise Problem(f"training.rate has no effect, because training.rates names every group ({', '.join(groups)}).")
    except Problem as problem:
        raise Problem(f"{path}, where {format_cell(run.cell)}: {problem}") from None


def format_cell(cell: Cell) -> str:
    """A cell as text: `encoder.width = 2, training.batch = 64`."""
    return ", ".join(f"{setting} = {format_value(value)}" for setting, value in cell.items())


def _check_distinct(runs: Iterable[PlannedRun], path: Path) -> None:
    """Raises Problem if two cells give the same run, because the settings in which they differ have no effect."""
    first: dict[str, PlannedRun] = {}
    for run in runs:
        other = first.setdefault(run.recipe.key, run)
        if other is not run:
            differing = [name for name in run.cell if format_value(run.cell[name]) != format_value(other.cell[name])]
            reason = f"{' and '.join(differing)} has no effect there" if differing else "the cell occurs twice"
            raise Problem(f"{path}: ({format_cell(other.cell)}) and ({format_cell(run.cell)}) give the same run: {reason}.")
