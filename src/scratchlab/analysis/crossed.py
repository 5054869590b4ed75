"""Means over several runs with several crossed sources of randomness: training seeds, repetitions, groups of units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.checks import Problem, plural
from scratchlab.metrics.crossed import over_crossed
from scratchlab.metrics.estimate import Estimate
from scratchlab.result import Result
from scratchlab.store.run import Run

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Crossed:
    """Sums of values and numbers of units, with axes such as `[seeds, repetitions, groups]`.

    levels: by axis, named in the plural ("seeds"), the meaning of its positions.
    """

    total: Values
    units: Values
    levels: dict[str, list[str]]

    def mean(self) -> Estimate:
        """The mean value over units, and its interval over all axes."""
        return over_crossed(self.total, self.units, tuple(self.levels))

    def gain_over(self, other: Crossed) -> Estimate:
        """The mean value minus that of `other`, paired. Raises Problem if the two do not have the same units."""
        if self.levels != other.levels or not np.array_equal(self.units, other.units):
            raise Problem(f"The two sets of runs do not have the same units in all {', '.join(self.levels)}, so they cannot be paired.")
        return over_crossed(self.total - other.total, self.units, tuple(self.levels))


def tabulate(units: pl.DataFrame, axes: Mapping[str, str]) -> Crossed:
    """The column `value` summed over the cells of a cross table. axes: its columns, each with its name in the plural.

    A cell without units has weight 0, such as a group without queries under one seed.
    """
    levels = {name: units[name].unique().sort() for name in axes}
    cells = tuple(units[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in axes)
    total = np.zeros([len(places) for places in levels.values()])
    count = np.zeros_like(total)
    np.add.at(total, cells, units["value"].to_numpy())
    np.add.at(count, cells, 1)
    return Crossed(total, count, {plural_name: levels[name].cast(pl.String).to_list() for name, plural_name in axes.items()})


def over_runs(runs: Sequence[Run], head: str, part: str = "", context: Mapping[str, int | str] | None = None) -> Crossed:
    """The values of one head over several finished runs, as `over_results`."""
    results: list[tuple[int, Result]] = []
    for run in runs:
        if (result := run.result()) is None:
            raise Problem(f"{run.folder} has no result yet.")
        results.append((run.recipe()["seed"], result))
    return over_results(results, head, part, context)


def over_results(
    results: Iterable[tuple[int, Result]], head: str, part: str = "", context: Mapping[str, int | str] | None = None
) -> Crossed:
    """The values of one head over several results with their seeds, by seed, repetition and group.

    Results of the same seed (its folds) are combined, with the groups of all of them. part: only units of this part, such as "new".
    context: only units of this context, such as {"session": 0}; default: the last.
    """
    tables: list[pl.DataFrame] = []
    axes: dict[str, str] = {}
    for seed, result in results:
        layout, where = result.layout, result.head.rows[-1].context if context is None else context
        chosen = [pl.col("head") == head, *(pl.col(name) == value for name, value in where.items())]
        chosen += [pl.col(layout.part) == part] if part else []
        repeated = [layout.repetition] if layout.repetition else []
        axes = {"seed": "seeds", **{name: plural(name) for name in repeated}, "group": plural(layout.block or layout.unit)}
        tables.append(result.units.filter(chosen).select(*repeated, "group", "value", seed=pl.lit(seed)).collect())
    return tabulate(pl.concat(tables), axes)
