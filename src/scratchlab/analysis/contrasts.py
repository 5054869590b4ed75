"""What a sweep says of claims: one value of a setting beside the others, and cells beside those of a published table."""

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
    """One value of a setting beside every other.

    gaps: by other value, how much more this one gives, as a mean over the blocks. blocks: the values of another setting; first: those of
    them at which this one gives more than every other. left_out: values of `complete` at which a run has no figure.
    """

    gaps: dict[Any, Estimate]
    blocks: tuple[Any, ...]
    first: tuple[Any, ...]
    left_out: tuple[Any, ...]

    @property
    def verdict(self) -> str:
        """Whether it gives more than every other: it does where all gaps are above 0 for sure, and does not where one is below."""
        if not self.gaps:
            return "undefined, because too few runs have a figure"
        bounds = [(gap.low, gap.high) for gap in self.gaps.values() if gap.low is not None and gap.high is not None]
        if len(bounds) < len(self.gaps):
            return next(gap.how for gap in self.gaps.values() if gap.low is None)
        if any(high < 0 for _, high in bounds):
            return "does not hold"
        if any(low <= 0 for low, _ in bounds):
            return "not sure: an interval spans 0"
        return "holds" if len(self.first) == len(self.blocks) else f"holds on average, and at {len(self.first)} of {len(self.blocks)}"


def contrast(runs: pl.DataFrame, value: str, setting: str, level: Any, block: str, complete: str, *, sign: int = 1) -> Contrast:
    """How much more of the column `value` the runs with `setting` = `level` have than those with each other value of it.

    Runs are compared within each value of the column `block` and each `seed`. The intervals hold for all other values together
    (Bonferroni). complete: the column at whose values every run must have a figure; else all runs there are left out. sign: −1 asks how
    much less.
    """
    lacking = runs.filter(pl.col(value).is_null())[complete].unique(maintain_order=True).to_list()
    kept, same = runs.filter(~pl.col(complete).is_in(lacking)), pl.col(setting) == level
    pairs = kept.filter(~same).join(kept.filter(same).select(block, "seed", ours=value), on=[block, "seed"], maintain_order="left")
    pairs = pairs.with_columns(gap=sign * (pl.col("ours") - pl.col(value)))
    others = pairs[setting].unique(maintain_order=True).to_list()
    gaps = {one: over_seeds(pairs.filter(pl.col(setting) == one), "gap", comparisons=len(others)) for one in others}
    means = pairs.group_by(block, setting, maintain_order=True).agg(pl.col("gap").mean())
    first = means.group_by(block, maintain_order=True).agg(pl.col("gap").min() > 0)
    return Contrast(gaps, tuple(first[block]), tuple(first.filter("gap")[block]), tuple(lacking))


def over_seeds(runs: pl.DataFrame, value: str, *, comparisons: int = 1) -> Estimate:
    """The mean of the column `value`, and Student's interval over the means of the seeds: runs of one seed have the same initial weights
    and order, so they count together. The more comparisons are made, the wider (Bonferroni). Undefined where a run has no value."""
    if lacking := runs[value].null_count():
        return undefined(f"{counted(lacking, 'run')} of {runs.height} came to nothing")
    means = runs.group_by("seed", maintain_order=True).agg(pl.col(value).mean())[value]
    return over_draws(means.to_list(), "seed", (-math.inf, math.inf), level=1 - 0.05 / comparisons)


def beside_published(runs: pl.DataFrame, published: pl.DataFrame, cell: Sequence[str], value: str, pool: str) -> pl.DataFrame:
    """The published cells of a table with `here`, the mean of our runs; `there`; and `off`, how many standard deviations lie between.

    cell: the columns that name one. A cell's standard deviation is its own, between runs, or that of all cells of one value of `pool`,
    whichever is larger, as few runs say little of it. Raises Problem for a cell of which there are less than two runs with a value.
    """
    ours = runs.group_by(cell).agg(here=pl.col(value).mean(), own=pl.col(value).std())
    cells = published.select(*cell, there=value).join(ours, on=cell, how="left", maintain_order="left")
    if (short := cells.filter(pl.col("own").is_null())).height:
        where = ", ".join(map(str, short.select(cell).row(0)))
        raise Problem(f"{value} of ({where}) is not there twice, so it cannot be held against a published one; take two seeds or more.")
    pooled = (pl.col("own") ** 2).mean().sqrt().over(pool)
    return cells.with_columns(off=(pl.col("here") - pl.col("there")) / pl.max_horizontal("own", pooled))
