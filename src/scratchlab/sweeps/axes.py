"""The axes of a sweep: which settings vary, and in which combinations."""

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

DRAWS_PER_TRIAL = 100  # at most, until enough cells are distinct


@dataclass(frozen=True)
class Axis:
    """Settings that move together, by their paths in a recipe; each of `points` has one value per setting."""

    settings: tuple[str, ...]
    points: tuple[tuple[Any, ...], ...]

    @classmethod
    def zipped(cls, values: Mapping[str, Any], where: str) -> Axis:
        """An axis from lists of values by setting. Raises Problem for fewer than two values, or for lists of unequal lengths."""
        for setting, choices in values.items():
            if isinstance(choices, dict):
                inner = next(iter(cast("dict[str, Any]", choices)), "…")
                raise Problem(
                    f'{where}: write "{setting}.{inner}" = […] with the quotes; without them TOML reads the dot as a nested table.'
                )
            if not isinstance(choices, list) or len({format_value(value) for value in cast("list[Any]", choices)}) < 2:
                raise Problem(f"{where}: {setting} = {choices!r} does not vary; give a list of at least two different values.")
        lengths = {setting: len(choices) for setting, choices in values.items()}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{setting} has {length}" for setting, length in lengths.items())
            raise Problem(f"{where}: settings that move together need equally many values, but {counts}.")
        return cls(tuple(values), tuple(zip(*values.values(), strict=True)))


def product(axes: Iterable[Axis]) -> list[Cell]:
    """Every combination of the axes' points; the last axis varies fastest.

    >>> product([Axis(("a",), ((1,), (2,))), Axis(("b", "c"), ((3, 4), (5, 6)))])[1]
    {'a': 1, 'b': 5, 'c': 6}
    """
    axes = list(axes)
    names = [setting for axis in axes for setting in axis.settings]
    combined = itertools.product(*(axis.points for axis in axes))
    return [dict(zip(names, itertools.chain.from_iterable(points), strict=True)) for points in combined]


@dataclass(frozen=True)
class Range:
    """The values a setting is drawn from: `choices`, or numbers between `low` and `high`, uniform in their logarithm if `log`."""

    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False

    @classmethod
    def parse(cls, given: Any, where: str) -> Range:
        """Parses a table {low, high, log, integer} or {choices}. Raises Problem if it is not valid."""
        table = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        unknown = [key for key in table if key not in ("choices", "low", "high", "log", "integer")]
        if unknown:
            raise Problem(
                f"{where}.{unknown[0]} is not a key; a range has choices, or low and high, log and integer."
                f"{nearest(unknown[0], ('choices', 'low', 'high', 'log', 'integer'))}"
            )
        choices = table.get("choices")
        if len(table) == 1 and isinstance(choices, list) and len(cast("list[Any]", choices)) > 1:
            if len({format_value(one) for one in cast("list[Any]", choices)}) < len(cast("list[Any]", choices)):
                raise Problem(f"{where}: choices = {choices!r} lists a choice twice.")
            return cls(choices=tuple(cast("list[Any]", choices)))
        fits = not isinstance(given, bool) and all(isinstance(table.get(key), (int, float)) for key in ("low", "high"))
        if fits and "choices" not in table and table["low"] >= table["high"]:
            raise Problem(f"{where}: low = {table['low']:g} is not below high = {table['high']:g}.")
        if not fits or "choices" in table or not math.isfinite(table["high"]) or not table["low"] < table["high"]:
            raise Problem(f"{where} = {given!r} does not fit: write {{low = 1e-5, high = 1e-2, log = true}}, or {{choices = [32, 64]}}.")
        if table.get("log") and table["low"] <= 0:
            raise Problem(f"{where}.low = {table['low']:g} has no logarithm; set low above 0, or remove log.")
        if table.get("integer") and any(int(table[key]) != table[key] for key in ("low", "high")):
            raise Problem(f"{where}: low and high of an integer range must be integers, not {table['low']:g} and {table['high']:g}.")
        return cls((), float(table["low"]), float(table["high"]), bool(table.get("log")), bool(table.get("integer")))

    def at(self, fraction: float) -> Any:
        """The value at a fraction of the range, in [0, 1).

        >>> Range(low=1, high=3, integer=True).at(0.5), Range(low=1e-4, high=1e-2, log=True).at(0.5), Range(choices=("a", "b")).at(0.9)
        (2, 0.001, 'b')
        """
        if self.choices:
            return self.choices[int(fraction * len(self.choices))]
        low, high = self.low, self.high + self.integer
        value = math.exp(math.log(low) + fraction * math.log(high / low)) if self.log else low + fraction * (high - low)
        return min(int(value), int(self.high)) if self.integer else float(f"{value:.6g}")


def sample_cells(ranges: Mapping[str, Range], trials: int, seed: int, where: str) -> list[Cell]:
    """Draws `trials` distinct cells, each setting independently. With more trials, the first ones stay the same.

    Raises Problem if the ranges hold too few distinct cells.
    """
    streams = {name: np.random.default_rng([seed, place]) for place, name in enumerate(ranges)}
    found: dict[str, Cell] = {}
    for _ in range(DRAWS_PER_TRIAL * trials):
        cell = {name: one.at(streams[name].random()) for name, one in ranges.items()}
        found.setdefault(json.dumps(cell), cell)
        if len(found) == trials:
            return list(found.values())
    raise Problem(f"{where}: {trials} distinct cells are requested, but only about {len(found)} exist; use [grid].")


def check_distinct(names: Sequence[str], where: str) -> None:
    """Raises Problem for a setting on two axes, or inside a table that another axis replaces."""
    for i, name in enumerate(names):
        for other in names[i + 1 :]:
            if name == other or name.startswith(f"{other}.") or other.startswith(f"{name}."):
                conflict = f"{name} varies twice" if name == other else f"{name} and {other} overlap"
                raise Problem(f"{where}: {conflict}; the axes are {listing(names)}.")


def format_value(value: Any) -> str:
    """A value as text for the table of runs: short, and distinct for distinct values.

    >>> [format_value(value) for value in (0.10, ["4", "6"], {"squared_error": {}}, {"cosine": {"stream": "lpc"}, "dtw": {}})]
    ['0.1', '[4, 6]', 'squared_error', 'cosine(stream=lpc)+dtw']
    """
    if isinstance(value, dict):
        tables = cast("dict[str, Any]", value)
        return "+".join(_format_entry(name, inner) for name, inner in tables.items()) or "{}"
    if isinstance(value, list):
        return f"[{', '.join(format_value(one) for one in cast('list[Any]', value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def _format_entry(name: str, inner: Any) -> str:
    if not isinstance(inner, dict):
        return f"{name}={format_value(inner)}"
    return name + (f"({', '.join(f'{key}={format_value(one)}' for key, one in cast('dict[str, Any]', inner).items())})" if inner else "")
