"""Parses the tables of a plan: settings, seeds and cells, or a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from scratchlab.checks import Problem, nearest
from scratchlab.recipe import Values
from scratchlab.sweeps.axes import Axis, Cell, Range, check_distinct, product, sample_cells
from scratchlab.sweeps.search import Search

DRAWN = {"random": ("trials", "seed", "axes"), "tpe": ("trials", "seed", "goal", "parallel", "axes")}


def settings_of(plan: Values, path: Path) -> list[str]:
    """The settings for all runs, as after -s."""
    given = plan.get("settings", [])
    if not isinstance(given, list) or not all(isinstance(one, str) for one in cast("list[Any]", given)):
        raise Problem(f'{path}: settings = {given!r} does not fit: a list of settings as after -s, as in ["training.epochs=10"].')
    return cast("list[str]", given)


def seeds_of(plan: Values, path: Path) -> list[int]:
    """The seeds of each cell."""
    given = plan.get("seeds", [0])
    seeds: Any = list(range(given)) if type(given) is int else given
    if not isinstance(seeds, list) or not seeds or not all(type(seed) is int and seed >= 0 for seed in cast("list[Any]", seeds)):
        raise Problem(f"{path}: seeds = {given!r} does not fit: give their number, or a list of integers from 0.")
    checked = cast("list[int]", seeds)
    if len(set(checked)) < len(checked):
        raise Problem(f"{path}: seeds = {given!r} lists a seed twice.")
    return checked


def _table(given: Any, where: str) -> Values:
    if given is None:
        raise Problem(f"{where} is missing; it must be a table of settings and their values.")
    if not isinstance(given, dict) or not given:
        raise Problem(f"{where} must be a table of settings and their values, not {given!r}.")
    return cast(Values, given)


def cells_of(plan: Values, path: Path) -> tuple[tuple[tuple[str, ...], ...], list[Cell]]:
    """The settings of grid, zips and random draws, grouped with those that move together, in the plan's order; and the cells."""
    grid, zips = _table(plan["grid"], f"{path}, [grid]") if "grid" in plan else {}, plan.get("zip", [])
    if not isinstance(zips, list):
        raise Problem(f"{path}: write [[zip]] instead of [zip], once for each group of settings that move together.")
    axes = [Axis.zipped({name: values}, f"{path}, [grid]") for name, values in grid.items()]
    axes += [Axis.zipped(_table(one, f"{path}, [[zip]]"), f"{path}, [[zip]]") for one in cast("list[Any]", zips)]
    together = tuple(axis.settings for axis in axes)
    names = [setting for settings in together for setting in settings]
    fixed = product(axes)
    if "random" not in plan:
        if not axes:
            raise Problem(f"{path} varies no setting; add a table [grid], [[zip]], [random] or [tpe].")
        check_distinct(names, str(path))
        return together, fixed
    table = _draw_table(plan, "random", path)
    trials, seed = _whole(table, "random", "trials", 1, path), _whole(table, "random", "seed", 0, path)
    ranges = _ranges(table, "random", path)
    check_distinct([*names, *ranges], str(path))
    more = sample_cells(ranges, trials, seed, f"{path}, [random]")
    return (*together, tuple(ranges)), [cell | drawn_cell for cell in fixed for drawn_cell in more]


def search_of(plan: Values, path: Path) -> Search | None:
    """The search that [tpe] describes; None without [tpe]."""
    if "tpe" not in plan:
        return None
    if others := [name for name in ("grid", "zip", "random") if name in plan]:
        raise Problem(f"{path}: [tpe] cannot be combined with [{others[0]}]; make the settings of [{others[0]}] ranges of [tpe].")
    table = _draw_table(plan, "tpe", path)
    goal, ranges = table.get("goal"), _ranges(table, "tpe", path)
    if not isinstance(goal, str):
        raise Problem(f'{path}: tpe.goal = {goal!r} does not fit: it must name the column to optimize, as in goal = "valid.loss".')
    check_distinct([*ranges], str(path))
    trials, seed, parallel = (_whole(table, "tpe", key, least, path) for key, least in (("trials", 1), ("seed", 0), ("parallel", 1)))
    try:
        return Search(ranges, trials, seed, goal, parallel)
    except Problem as problem:
        raise Problem(f"{path}: {problem}") from None


def _draw_table(plan: Values, name: str, path: Path) -> Values:
    table = _table(plan[name], f"{path}, [{name}]")
    for key in table:
        if key not in DRAWN[name]:
            raise Problem(f"{path}: {name}.{key} is not a key; the keys are: {', '.join(DRAWN[name])}.{nearest(key, DRAWN[name])}")
    return table


def _ranges(table: Values, name: str, path: Path) -> dict[str, Range]:
    axes = _table(table.get("axes"), f"{path}, [{name}.axes]")
    return {setting: Range.parse(given, f"{path}, {name}.axes.{setting}") for setting, given in axes.items()}


def _whole(table: Values, name: str, key: str, least: int, path: Path) -> int:
    value = table.get(key, {"seed": 0, "parallel": 2}.get(key))
    if type(value) is not int or value < least:
        raise Problem(f"{path}: {name}.{key} = {value!r} does not fit: it must be an integer of at least {least}.")
    return value
