"""Tests of claims on a sweep: one value of a setting against the others, and cells against those of a published table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from scratchlab.checks import Problem, counted
from scratchlab.metrics.estimate import Estimate, over_draws, undefined


@dataclass(frozen=True)
class Contrast:
    """One value of a setting against every other value.

    gaps: by other value, the mean difference (this value's metric minus the other's) over the blocks. blocks: the values of a second
    setting. first: the blocks in which this value is better than every other. left_out: values of `complete` at which a run lacks the
    metric.
    """

    gaps: dict[Any, Estimate]
    blocks: tuple[Any, ...]
    first: tuple[Any, ...]
    left_out: tuple[Any, ...]

    @property
    def verdict(self) -> str:
        """Says whether this value is better than all others: yes if all gaps are significantly above 0, no if one is below 0."""
        if not self.gaps:
            return "undefined, because too few runs have the metric"
        bounds = [(gap.low, gap.high) for gap in self.gaps.values() if gap.low is not None and gap.high is not None]
        if len(bounds) < len(self.gaps):
            return next(gap.how for gap in self.gaps.values() if gap.low is None)
        if any(high < 0 for _, high in bounds):
            return "does not hold"
        if any(low <= 0 for low, _ in bounds):
            return "undecided: an interval contains 0"
        return "holds" if len(self.first) == len(self.blocks) else f"holds on average, and at {len(self.first)} of {len(self.blocks)}"


def contrast(runs: pl.DataFrame, value: str, setting: str, level: Any, block: str, complete: str, *, sign: int = 1) -> Contrast:
    """The difference in the column `value` between runs with `setting` = `level` and runs with each other value of the setting.

    Runs are compared within each value of the column `block` and each `seed`. The intervals hold simultaneously for all other values
    (Bonferroni). complete: a column; runs at those of its values where any run lacks `value` are left out. sign: −1 reverses the
    difference.
    """
    incomplete = runs.filter(pl.col(value).is_null())[complete].unique(maintain_order=True).to_list()
    kept, same = runs.filter(~pl.col(complete).is_in(incomplete)), pl.col(setting) == level
    pairs = kept.filter(~same).join(kept.filter(same).select(block, "seed", ours=value), on=[block, "seed"], maintain_order="left")
    pairs = pairs.with_columns(gap=sign * (pl.col("ours") - pl.col(value)))
    others = pairs[setting].unique(maintain_order=True).to_list()
    gaps = {other: over_seeds(pairs.filter(pl.col(setting) == other), "gap", comparisons=len(others)) for other in others}
    means = pairs.group_by(block, setting, maintain_order=True).agg(pl.col("gap").mean())
    first = means.group_by(block, maintain_order=True).agg(pl.col("gap").min() > 0)
    return Contrast(gaps, tuple(first[block]), tuple(first.filter("gap")[block]), tuple(incomplete))


def over_seeds(runs: pl.DataFrame, value: str, *, comparisons: int = 1) -> Estimate:
    """The mean of the column `value`, and Student's interval over the means of the seeds: runs of one seed share initial weights and data
    order, so they are averaged first. More comparisons widen the interval (Bonferroni). Undefined if a run has no value."""
    if missing := runs[value].null_count():
        return undefined(f"{counted(missing, 'run')} of {runs.height} lacked a value")
    means = runs.group_by("seed", maintain_order=True).agg(pl.col(value).mean())[value]
    return over_draws(means.to_list(), "seed", (-math.inf, math.inf), level=1 - 0.05 / comparisons)


def beside_published(runs: pl.DataFrame, published: pl.DataFrame, cell: Sequence[str], value: str, pool: str) -> pl.DataFrame:
    """The published cells of a table with `here`, the mean of our runs; `there`; and `off`, their difference in standard deviations.

    cell: the columns that identify a cell. The standard deviation is that between the cell's runs, or that pooled over all cells with the
    same value of `pool`, whichever is larger, because few runs estimate it poorly. Raises Problem for a cell with fewer than two values.
    """
    ours = runs.group_by(cell).agg(here=pl.col(value).mean(), own=pl.col(value).std())
    cells = published.select(*cell, there=value).join(ours, on=cell, how="left", maintain_order="left")
    if (short := cells.filter(pl.col("own").is_null())).height:
        where = ", ".join(map(str, short.select(cell).row(0)))
        raise Problem(
            f"{value} of ({where}) has fewer than two runs, so it cannot be compared with a published value; use at least two seeds."
        )
    pooled = (pl.col("own") ** 2).mean().sqrt().over(pool)
    return cells.with_columns(off=(pl.col("here") - pl.col("there")) / pl.max_horizontal("own", pooled))
