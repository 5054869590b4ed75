"""The axes of a sweep: what varies, and in which combinations."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from scratchlab.checks import Problem, listing, nearest

Cell = dict[str, Any]
"""One configuration: a value for every setting that varies, by its path in a recipe."""


ENOUGH = 100  # draws for each trial, some of which may repeat others


@dataclass(frozen=True)
class Axis:
    """Settings that move together, by their paths in a recipe; each of `points` has a value for every one of them."""

    settings: tuple[str, ...]
    points: tuple[tuple[Any, ...], ...]

    @classmethod
    def zipped(cls, values: Mapping[str, Any], where: str) -> Axis:
        """Of lists of values by setting. Raises Problem where there is nothing to vary, and for lists of unequal lengths."""
        for setting, several in values.items():
            if isinstance(several, dict):
                inner = next(iter(cast("dict[str, Any]", several)), "…")
                raise Problem(
                    f'{where}: names of settings stand in quotes: "{setting}.{inner}" = […], as a dot makes another table in TOML.'
                )
            if not isinstance(several, list) or len({shown(value) for value in cast("list[Any]", several)}) < 2:
                raise Problem(f"{where}: {setting} = {several!r} does not vary; give a list of two different values or more.")
        lengths = {setting: len(several) for setting, several in values.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{setting} has {length}" for setting, length in lengths.items())
            raise Problem(f"{where}: values that move together are equally many, but {told}.")
        return cls(tuple(values), tuple(zip(*values.values(), strict=True)))


def product(axes: Iterable[Axis]) -> list[Cell]:
    """Every combination of the axes' points, the last axis moving fastest.

    >>> product([Axis(("a",), ((1,), (2,))), Axis(("b", "c"), ((3, 4), (5, 6)))])[1]
    {'a': 1, 'b': 5, 'c': 6}
    """
    axes = list(axes)
    names = [setting for axis in axes for setting in axis.settings]
    combined = itertools.product(*(axis.points for axis in axes))
    return [dict(zip(names, itertools.chain.from_iterable(points), strict=True)) for points in combined]


@dataclass(frozen=True)
class Range:
    """What a setting is drawn from: `choices`, or numbers between `low` and `high`, evenly in their logarithm if `log`."""

    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False

    @classmethod
    def told(cls, given: Any, where: str) -> Range:
        """Of a table {low, high, log, integer} or {choices}. Raises Problem for what does not fit."""
        table = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        unknown = [key for key in table if key not in ("choices", "low", "high", "log", "integer")]
        if unknown:
            raise Problem(
                f"{where}.{unknown[0]} is not known; a range has choices, or low and high, log and integer."
                f"{nearest(unknown[0], ('choices', 'low', 'high', 'log', 'integer'))}"
            )
        choices = table.get("choices")
        if len(table) == 1 and isinstance(choices, list) and len(cast("list[Any]", choices)) > 1:
            if len({shown(one) for one in cast("list[Any]", choices)}) < len(cast("list[Any]", choices)):
                raise Problem(f"{where}: choices = {choices!r} has one twice.")
            return cls(choices=tuple(cast("list[Any]", choices)))
        fits = not isinstance(given, bool) and all(isinstance(table.get(key), (int, float)) for key in ("low", "high"))
        if fits and "choices" not in table and table["low"] >= table["high"]:
            raise Problem(f"{where}: low = {table['low']:g} is not below high = {table['high']:g}.")
        if not fits or "choices" in table or not math.isfinite(table["high"]) or not table["low"] < table["high"]:
            raise Problem(f"{where} = {given!r} does not fit: write {{low = 1e-5, high = 1e-2, log = true}}, or {{choices = [32, 64]}}.")
        if table.get("log") and table["low"] <= 0:
            raise Problem(f"{where}.low = {table['low']:g} has no logarithm; take a low above 0, or leave log out.")
        if table.get("integer") and any(int(table[key]) != table[key] for key in ("low", "high")):
            raise Problem(f"{where}: the ends of a range of integers are integers, not {table['low']:g} and {table['high']:g}.")
        return cls((), float(table["low"]), float(table["high"]), bool(table.get("log")), bool(table.get("integer")))

    def at(self, share: float) -> Any:
        """The value at a share of the range, from 0 up to but not including 1.

        >>> Range(low=1, high=3, integer=True).at(0.5), Range(low=1e-4, high=1e-2, log=True).at(0.5), Range(choices=("a", "b")).at(0.9)
        (2, 0.001, 'b')
        """
        if self.choices:
            return self.choices[int(share * len(self.choices))]
        low, high = self.low, self.high + self.integer
        value = math.exp(math.log(low) + share * math.log(high / low)) if self.log else low + share * (high - low)
        return min(int(value), int(self.high)) if self.integer else float(f"{value:.6g}")


def drawn(ranges: Mapping[str, Range], trials: int, seed: int, where: str) -> list[Cell]:
    """`trials` different cells, each setting drawn by itself. More trials leave the first ones as they are.

    Raises Problem where there are hardly so many different ones.
    """
    streams = {name: np.random.default_rng([seed, place]) for place, name in enumerate(ranges)}
    found: dict[str, Cell] = {}
    for _ in range(ENOUGH * trials):
        cell = {name: one.at(streams[name].random()) for name, one in ranges.items()}
        found.setdefault(json.dumps(cell), cell)
        if len(found) == trials:
            return list(found.values())
    raise Problem(f"{where}: {trials} different cells were asked for, but the ranges hold hardly more than {len(found)}; take a [grid].")


def once(names: Sequence[str], where: str) -> None:
    """Raises Problem for a setting that stands on two axes, or on one axis inside what another replaces."""
    for i, name in enumerate(names):
        for other in names[i + 1 :]:
            if name == other or name.startswith(f"{other}.") or other.startswith(f"{name}."):
                both = f"{name} varies twice" if name == other else f"{name} and {other} vary the same place"
                raise Problem(f"{where}: {both}; the axes are {listing(names)}.")


def shown(value: Any) -> str:
    """A value as a table of runs has it: short, and different for different values.

    >>> shown(0.10), shown(["4", "6"]), shown({"squared_error": {}}), shown({"cosine": {"stream": "lpc"}, "dtw": {}})
    ('0.1', '[4, 6]', 'squared_error', 'cosine(stream=lpc)+dtw')
    """
    if isinstance(value, dict):
        tables = cast("dict[str, Any]", value)
        return "+".join(_called(name, inner) for name, inner in tables.items()) or "{}"
    if isinstance(value, list):
        return f"[{', '.join(shown(one) for one in cast('list[Any]', value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def _called(name: str, inner: Any) -> str:
    if not isinstance(inner, dict):
        return f"{name}={shown(inner)}"
    return name + (f"({', '.join(f'{key}={shown(one)}' for key, one in cast('dict[str, Any]', inner).items())})" if inner else "")
