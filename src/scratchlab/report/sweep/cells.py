"""The results of each cell of a sweep over its seeds, and short names of cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True)
class SweepView:
    """A sweep as reports show it. together: its settings, grouped with those that move together. table: one row per run. curves: of each
    row, by metric and number of completed epochs. goal: the column that a search optimizes. links: of each row, the path from the sweep's
    folder to the run's page, or to its folder if it has no page."""

    name: str
    title: str
    together: tuple[tuple[str, ...], ...]
    table: pl.DataFrame
    curves: Sequence[Mapping[str, Mapping[float, float]]] = ()
    goal: str = ""
    links: Sequence[str] = ()

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings that vary."""
        return tuple(name for names in self.together for name in names)

    def values(self) -> dict[str, dict[str, str]]:
        """By setting: its values in the table and their short forms, in the order of the plan."""
        return {name: _shortened(self.table[name].unique(maintain_order=True).to_list()) for name in self.axes}


@dataclass(frozen=True)
class Cell:
    """One configuration: its values in short form; the number of its runs, of those that are over, and of those that diverged; by metric
    `(mean, sd)` over the finished seeds, where sd is None for a single seed."""

    values: tuple[str, ...]
    runs: int
    over: int
    diverged: int
    metrics: dict[str, tuple[float, float | None]]


def metric_columns(table: pl.DataFrame) -> list[str]:
    """The columns by which runs are compared: validation accuracy, and the headline metric of each head."""
    return [name for name in table.columns if name == "valid.accuracy" or name.startswith("test.")]


def cells(sweep: SweepView) -> list[Cell]:
    """Every cell, in the order of the plan."""
    short_values = sweep.values()
    rows: list[Cell] = []
    for values, group in sweep.table.group_by(list(sweep.axes), maintain_order=True):
        finished = group.filter(pl.col("state") == "finished")
        diverged = int((group["state"] == "diverged").sum())
        spreads = {name: _spread(finished[name].drop_nulls().to_numpy()) for name in metric_columns(sweep.table)}
        rows.append(
            Cell(
                tuple(short_values[name][value] for name, value in zip(sweep.axes, values, strict=True)),
                group.height,
                finished.height + diverged,
                diverged,
                {name: spread for name, spread in spreads.items() if spread is not None},
            )
        )
    return rows


def best(sweep: SweepView) -> str:
    """The best cell by the mean over the seeds of the goal of a search, otherwise of the validation accuracy, and of the validation loss
    where accuracies are equal; an empty string without validation, or if no cell is complete."""
    wanted = [sweep.goal] if sweep.goal else ["valid.accuracy", "valid.loss"]
    columns = [name for name in wanted if name in sweep.table.columns]
    if not columns:
        return ""
    complete = pl.col("state").eq("finished").all() & pl.all_horizontal(pl.col(columns).is_not_null()).all()
    means = sweep.table.group_by(list(sweep.axes), maintain_order=True).agg(pl.when(complete).then(pl.col(columns).mean()))
    ranked = means.drop_nulls(columns).sort(columns, descending=[not name.endswith("loss") for name in columns], maintain_order=True)
    if ranked.is_empty():
        return ""
    cell = ranked.row(0, named=True)
    values = ", ".join(f"{label} {cell[name]}" for name, label in zip(sweep.axes, short(sweep.axes), strict=True))
    equal = ranked.filter(pl.col(columns[0]) == cell[columns[0]]).height
    tie = f", and of {equal} equal ones by {columns[1]}" if equal > 1 and len(columns) > 1 else ""
    return f"Best by {columns[0]}, {cell[columns[0]]:.4g}{tie}: {values}"


def short(settings: Sequence[str]) -> list[str]:
    """Each path shortened to its last two parts, or as many as distinguish it from the others.

    >>> short(["training.rate", "training.rates.body", "loss"])
    ['training.rate', 'rates.body', 'loss']
    """
    paths = [setting.split(".") for setting in settings]
    return [
        next((".".join(path[-n:]) for n in range(2, len(path)) if sum(other[-n:] == path[-n:] for other in paths) == 1), ".".join(path))
        for path in paths
    ]


def format_spread(spread: tuple[float, float | None] | None) -> str:
    """Mean ± standard deviation in percent: `95.6 ± 0.4`, `95.6` for one run, a dash for none.

    >>> format_spread((0.956, 0.004)), format_spread((0.956, None)), format_spread(None)
    ('95.6 ± 0.4', '95.6', '–')
    """
    if spread is None:
        return "–"
    mean, deviation = spread
    return f"{100 * mean:.1f}" + ("" if deviation is None else f" ± {100 * deviation:.1f}")


def _shortened(values: Sequence[str]) -> dict[str, str]:
    """Values without the parentheses behind their names, if they are then still distinct.

    >>> _shortened(["squared_error", "cross_entropy(temperature=1.0)"])["cross_entropy(temperature=1.0)"]
    'cross_entropy'
    """
    brief = {value: re.sub(r"(?<=\w)\(.*?\)", "", value) for value in values}
    return brief if len(set(brief.values())) == len(brief) else {value: value for value in values}


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float | None] | None:
    if not len(values):
        return None
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None
