"""What each cell of a sweep came to over its seeds, and how it is called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Swept:
    """A sweep as it is shown. together: its settings, those in one that move together. table: a row a run. curves: of each row, by figure
    and number of epochs done. goal: the column that a search makes best."""

    name: str
    title: str
    together: tuple[tuple[str, ...], ...]
    table: pl.DataFrame
    curves: Sequence[Mapping[str, Mapping[float, float]]] = ()
    goal: str = ""

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings that vary."""
        return tuple(name for names in self.together for name in names)

    def values(self) -> dict[str, dict[str, str]]:
        """By setting, its values as they stand in the table and in brief, in the order of the plan."""
        return {name: _briefly(self.table[name].unique(maintain_order=True).to_list()) for name in self.axes}


@dataclass(frozen=True)
class Cell:
    """One configuration: its values in brief; its runs, those of them that are over, and those that diverged; by figure `(mean, sd)` over
    the seeds that finished, sd being None of one."""

    values: tuple[str, ...]
    runs: int
    over: int
    diverged: int
    figures: dict[str, tuple[float, float | None]]


def figures(table: pl.DataFrame) -> list[str]:
    """The columns that say how good a run is: validation accuracy, and the headline metric of each head."""
    return [name for name in table.columns if name == "valid.accuracy" or name.startswith("test.")]


def cells(swept: Swept) -> list[Cell]:
    """Every cell, in the order of the plan."""
    brief = swept.values()
    found: list[Cell] = []
    for values, group in swept.table.group_by(list(swept.axes), maintain_order=True):
        finished = group.filter(pl.col("state") == "finished")
        diverged = int((group["state"] == "diverged").sum())
        spreads = {name: _spread(finished[name].drop_nulls().to_numpy()) for name in figures(swept.table)}
        found.append(
            Cell(
                tuple(brief[name][value] for name, value in zip(swept.axes, values, strict=True)),
                group.height,
                finished.height + diverged,
                diverged,
                {name: spread for name, spread in spreads.items() if spread is not None},
            )
        )
    return found


def best(swept: Swept) -> str:
    """Which cell a search found best, by the mean of its goal over the seeds; nothing of other sweeps, or as long as no cell is whole."""
    if swept.goal not in swept.table.columns:
        return ""
    whole = pl.col("state").eq("finished").all() & pl.col(swept.goal).is_not_null().all()
    means = swept.table.group_by(list(swept.axes), maintain_order=True).agg(pl.when(whole).then(pl.col(swept.goal).mean()))
    ranked = means.drop_nulls(swept.goal).sort(swept.goal, descending=not swept.goal.endswith("loss"), maintain_order=True)
    if ranked.is_empty():
        return ""
    cell = ranked.row(0, named=True)
    told = ", ".join(f"{called} {cell[name]}" for name, called in zip(swept.axes, short(swept.axes), strict=True))
    return f"Best by {swept.goal}, {cell[swept.goal]:.4g}: {told}"


def short(settings: Sequence[str]) -> list[str]:
    """Each path cut to as few of its last words as tell it from the others.

    >>> short(["training.rates.body", "training.rates.readout", "encoder.width", "streams.width"])
    ['body', 'readout', 'encoder.width', 'streams.width']
    """
    paths = [setting.split(".") for setting in settings]
    return [
        next(".".join(path[-n:]) for n in range(1, len(path) + 1) if sum(other[-n:] == path[-n:] for other in paths) == 1) for path in paths
    ]


def told(spread: tuple[float, float | None] | None) -> str:
    """In per cent: `95.6 ± 0.4`, `95.6` of one run, a dash where there is none.

    >>> told((0.956, 0.004)), told((0.956, None)), told(None)
    ('95.6 ± 0.4', '95.6', '–')
    """
    if spread is None:
        return "–"
    mean, deviation = spread
    return f"{100 * mean:.1f}" + ("" if deviation is None else f" ± {100 * deviation:.1f}")


def _briefly(values: Sequence[str]) -> dict[str, str]:
    """Values without what stands in brackets behind their names, where that still tells them apart.

    >>> _briefly(["squared_error", "cross_entropy(temperature=1.0)"])["cross_entropy(temperature=1.0)"]
    'cross_entropy'
    """
    brief = {value: re.sub(r"(?<=\w)\(.*?\)", "", value) for value in values}
    return brief if len(set(brief.values())) == len(brief) else {value: value for value in values}


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float | None] | None:
    if not len(values):
        return None
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None
