"""Values that depend on several sources of chance at once, over several runs: seeds of training, repetitions, groups of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.checks import Problem, plural
from scratchlab.metrics.crossed import over_crossed
from scratchlab.metrics.estimate import Estimate
from scratchlab.store.run import Run

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Crossed:
    """Sums of values and numbers of units, `[seeds, repetitions, groups]`, or however many axes there are.

    levels: by axis, in the plural ("seeds"), what its places stand for.
    """

    total: Values
    units: Values
    levels: dict[str, list[str]]

    def mean(self) -> Estimate:
        """The mean value of a unit, and its interval over all axes."""
        return over_crossed(self.total, self.units, tuple(self.levels))

    def gain_over(self, other: Crossed) -> Estimate:
        """The mean value less that of another. Raises Problem where the other was not given the same units, which alone can be paired."""
        if self.levels != other.levels or not np.array_equal(self.units, other.units):
            raise Problem(f"These runs were not given the same units in all {', '.join(self.levels)}, so they cannot be paired.")
        return over_crossed(self.total - other.total, self.units, tuple(self.levels))


def tabulate(units: pl.DataFrame, axes: Mapping[str, str]) -> Crossed:
    """The column `value` summed in every cell of some columns; axes: those columns, and what each is called in the plural.

    A cell without a unit counts as none: a group that has no query under one seed weighs nothing there.
    """
    levels = {name: units[name].unique().sort() for name in axes}
    cells = tuple(units[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in axes)
    total = np.zeros([len(several) for several in levels.values()])
    count = np.zeros_like(total)
    np.add.at(total, cells, units["value"].to_numpy())
    np.add.at(count, cells, 1)
    return Crossed(total, count, {called: levels[name].cast(pl.String).to_list() for name, called in axes.items()})


def over_runs(runs: Sequence[Run], head: str, part: str = "", context: Mapping[str, int | str] | None = None) -> Crossed:
    """What a head of several finished runs came to, by seed, repetition and group.

    Runs of one seed (its folds) count as one, with the groups of all of them. part: of the units those of this part, as "new"; context:
    those of this one, as {"session": 0}; by default of the last.
    """
    tables: list[pl.DataFrame] = []
    axes: dict[str, str] = {}
    for run in runs:
        if (result := run.result()) is None:
            raise Problem(f"{run.folder} has no result yet.")
        layout, where = result.layout, result.head.rows[-1].context if context is None else context
        chosen = [pl.col("head") == head, *(pl.col(name) == value for name, value in where.items())]
        chosen += [pl.col(layout.part) == part] if part else []
        repeated = [layout.repetition] if layout.repetition else []
        axes = {"seed": "seeds", **{name: plural(name) for name in repeated}, "group": plural(layout.block or layout.unit)}
        tables.append(result.units.filter(chosen).select(*repeated, "group", "value", seed=pl.lit(run.recipe()["seed"])).collect())
    return tabulate(pl.concat(tables), axes)
