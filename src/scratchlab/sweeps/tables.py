"""What the tables of a plan say: which settings, seeds and cells, or what to search."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from scratchlab.checks import Problem, nearest
from scratchlab.recipe import Values
from scratchlab.sweeps.axes import Axis, Cell, Range, drawn, once, product
from scratchlab.sweeps.search import Search

DRAWN = {"random": ("trials", "seed", "axes"), "tpe": ("trials", "seed", "goal", "parallel", "axes")}


def settings_of(told: Values, path: Path) -> list[str]:
    """Settings of all runs, as after -s."""
    given = told.get("settings", [])
    if not isinstance(given, list) or not all(isinstance(one, str) for one in cast("list[Any]", given)):
        raise Problem(f'{path}: settings = {given!r} does not fit: a list of settings as after -s, as in ["training.epochs=10"].')
    return cast("list[str]", given)


def seeds_of(told: Values, path: Path) -> list[int]:
    """Which seeds each cell has."""
    given = told.get("seeds", [0])
    seeds: Any = list(range(given)) if type(given) is int else given
    if not isinstance(seeds, list) or not seeds or not all(type(seed) is int and seed >= 0 for seed in cast("list[Any]", seeds)):
        raise Problem(f"{path}: seeds = {given!r} does not fit: how many there are, or a list of whole numbers from 0 on.")
    found = cast("list[int]", seeds)
    if len(set(found)) < len(found):
        raise Problem(f"{path}: seeds = {given!r} has one twice.")
    return found


def _table(given: Any, where: str) -> Values:
    if given is None:
        raise Problem(f"{where} is missing; it is a table of settings and their values.")
    if not isinstance(given, dict) or not given:
        raise Problem(f"{where} is a table of settings and their values; it is {given!r}.")
    return cast(Values, given)


def cells_of(told: Values, path: Path) -> tuple[tuple[tuple[str, ...], ...], list[Cell]]:
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
            raise Problem(f"{path} varies nothing; give it a table [grid], [[zip]], [random] or [tpe].")
        once(names, str(path))
        return together, fixed
    table = _drawn(told, "random", path)
    trials, seed = _whole(table, "random", "trials", 1, path), _whole(table, "random", "seed", 0, path)
    ranges = _ranges(table, "random", path)
    once([*names, *ranges], str(path))
    more = drawn(ranges, trials, seed, f"{path}, [random]")
    return (*together, tuple(ranges)), [cell | drawn_cell for cell in fixed for drawn_cell in more]


def search_of(told: Values, path: Path) -> Search | None:
    """What [tpe] asks for."""
    if "tpe" not in told:
        return None
    if others := [name for name in ("grid", "zip", "random") if name in told]:
        raise Problem(f"{path}: [tpe] searches by itself, so [{others[0]}] has no place beside it; make its settings ranges of [tpe].")
    table = _drawn(told, "tpe", path)
    goal, ranges = table.get("goal"), _ranges(table, "tpe", path)
    if not isinstance(goal, str):
        raise Problem(f'{path}: tpe.goal = {goal!r} does not fit: it names what is to become best, as in goal = "valid.loss".')
    once([*ranges], str(path))
    trials, seed, parallel = (_whole(table, "tpe", key, least, path) for key, least in (("trials", 1), ("seed", 0), ("parallel", 1)))
    try:
        return Search(ranges, trials, seed, goal, parallel)
    except Problem as problem:
        raise Problem(f"{path}: {problem}") from None


def _drawn(told: Values, name: str, path: Path) -> Values:
    table = _table(told[name], f"{path}, [{name}]")
    for key in table:
        if key not in DRAWN[name]:
            raise Problem(f"{path}: {name}.{key} is not known; there are: {', '.join(DRAWN[name])}.{nearest(key, DRAWN[name])}")
    return table


def _ranges(table: Values, name: str, path: Path) -> dict[str, Range]:
    axes = _table(table.get("axes"), f"{path}, [{name}.axes]")
    return {setting: Range.told(given, f"{path}, {name}.axes.{setting}") for setting, given in axes.items()}


def _whole(table: Values, name: str, key: str, least: int, path: Path) -> int:
    value = table.get(key, {"seed": 0, "parallel": 2}.get(key))
    if type(value) is not int or value < least:
        raise Problem(f"{path}: {name}.{key} = {value!r} does not fit: it is a whole number from {least} on.")
    return value
