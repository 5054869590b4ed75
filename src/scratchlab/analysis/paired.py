"""Paired comparison of two heads on the same units of evidence.

Pure functions from tables to numbers. A difference is always B minus A.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.checks import Problem, plural
from scratchlab.metrics.estimate import Estimate
from scratchlab.metrics.paired import SignTest, differences_over_draws, differences_over_groups, mcnemar
from scratchlab.result import Layout

Values = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Context = dict[str, int | str]

SIGNIFICANT = 0.05  # below this p, a single draw counts as won


@dataclass(frozen=True)
class PairedUnits:
    """The units that both heads were evaluated on: one row per unit, context and repetition.

    rows: id, group, the context's columns, draw (-1 without repetitions), part, value_a, value_b and, if predictions are classes, truth,
    answer_a, answer_b. contexts: those with common units, in order. left_out: number of units that only A, and only B, was evaluated on.
    draws: number of draws of A, of B, and common to both (0 without draws). paired: whether draws of the same number are the same draw.
    """

    rows: pl.DataFrame
    layout: Layout
    contexts: tuple[Context, ...]
    left_out: tuple[int, int]
    draws: tuple[int, int, int]
    paired: bool

    @property
    def headline(self) -> Context:
        """The context of the headline metric if it is common, otherwise the last."""
        return self.layout.headline if self.layout.headline in self.contexts else self.contexts[-1]

    @property
    def independent(self) -> str:
        """The name of the independent unit, in the singular: the group ("speaker") if units share groups, otherwise the unit ("query")."""
        grouped = self.rows["group"].n_unique() < self.rows["id"].n_unique()
        return (self.layout.block or "group") if grouped else self.layout.unit

    def at(self, context: Context) -> pl.DataFrame:
        """The rows of one context, by draw and id."""
        return self.rows.filter(*(pl.col(name) == value for name, value in context.items())).sort("draw", "id")


@dataclass(frozen=True)
class PairedTest:
    """The comparison on the units of one context, or of one part of them.

    better_a, better_b, equal: number of rows in which A's value is larger, B's is larger, or both are equal, over all draws. a, b: mean
    values; None without units. over_draws, over_groups: the difference with its interval. won: number of draws that A and B won with
    p < 0.05, each draw tested separately. draws: 0 if nothing was drawn.
    """

    name: str
    units: int
    draws: int
    better_a: int
    better_b: int
    equal: int
    a: float | None
    b: float | None
    over_draws: Estimate
    over_groups: Estimate
    test: SignTest
    won: tuple[int, int]


def pair_units(a: pl.LazyFrame, b: pl.LazyFrame, layout: Layout, contexts: Sequence[Context], *, paired: bool) -> PairedUnits:
    """Joins the units of two heads. Raises Problem if they have no common unit, or if a common unit has different true classes."""
    keys = ["id", *layout.context, "draw"]
    left, right = (_head_units(frame, layout, suffix) for frame, suffix in ((a, "a"), (b, "b")))
    rows = left.join(right.drop("group", "part"), on=keys, how="inner", maintain_order="left", suffix="_of_b")
    unit = plural(layout.unit)
    if not len(rows):
        both = set(left["id"].to_list()) & set(right["id"].to_list())
        where = " and ".join([*layout.context, *([layout.repetition] if layout.repetition else [])])
        what = f"with the same {where}" if both else f"among the {left['id'].n_unique()} of A and the {right['id'].n_unique()} of B"
        raise Problem(f"There are no common {unit} {what}, so the runs cannot be compared; both need the same data, seed and protocol.")
    if "truth" in rows.columns:
        differing = rows.filter(pl.col("truth") != pl.col("truth_of_b"))
        if len(differing):
            first = differing.row(0, named=True)
            raise Problem(
                f"{differing['id'].n_unique()} of the common {unit} have different true classes in A and B "
                f"({first['id']}: '{first['truth']}' and '{first['truth_of_b']}'); runs with different labels cannot be compared."
            )
        rows = rows.drop("truth_of_b")
    ids = [frame["id"].n_unique() for frame in (left, right, rows)]
    draws = [frame.filter(pl.col("draw") >= 0)["draw"].n_unique() for frame in (left, right, rows)]
    present = set(rows.select(layout.context).unique().rows()) if layout.context else {()}
    common = tuple(context for context in contexts if tuple(context.values()) in present)
    return PairedUnits(rows, layout, common, (ids[0] - ids[2], ids[1] - ids[2]), (draws[0], draws[1], draws[2]), paired)


def _head_units(frame: pl.LazyFrame, layout: Layout, suffix: str) -> pl.DataFrame:
    """The keys, group, part and value of one head's units, and the true and predicted classes if there are any."""
    schema = frame.collect_schema()
    columns = [pl.col("id"), pl.col("group")]
    columns += [pl.col(name).cast(pl.String) if schema[name] == pl.Enum else pl.col(name) for name in layout.context]
    columns.append(pl.col(layout.repetition).alias("draw") if layout.repetition else pl.lit(-1, pl.Int16).alias("draw"))
    columns.append(pl.col(layout.part).cast(pl.String).alias("part") if layout.part else pl.lit("").alias("part"))
    if {"truth", "answer"} <= set(schema):
        columns += [pl.col("truth").cast(pl.String), pl.col("answer").cast(pl.String).alias(f"answer_{suffix}")]
    return frame.select(*columns, pl.col("value").alias(f"value_{suffix}")).collect()


def paired_tests(units: PairedUnits) -> list[tuple[Context, list[PairedTest]]]:
    """By context: a test on all units and, if they belong to several parts, on each part."""
    return [(context, _tests(units.at(context), units)) for context in units.contexts]


def _tests(rows: pl.DataFrame, units: PairedUnits) -> list[PairedTest]:
    parts = rows["part"].unique(maintain_order=True).to_list()
    sets = {f"all {plural(units.layout.unit)}": np.ones(len(rows), dtype=np.bool_)}
    if len(parts) > 1:
        sets |= {part: rows["part"].to_numpy() == part for part in sorted(parts)}
    intervals = over_groups(rows, np.stack(list(sets.values()), axis=1), units.independent)
    return [
        _test(name, rows.filter(pl.Series(mask)), estimate, units) for (name, mask), estimate in zip(sets.items(), intervals, strict=True)
    ]


def over_groups(rows: pl.DataFrame, members: Bools, independent: str) -> list[Estimate]:
    """The mean difference of each set of rows, `members` `[n, sets]`, and its bootstrap interval over the independent groups."""
    return differences_over_groups(_differences(rows), rows["group"].to_numpy().astype(np.str_), members, what=plural(independent))


def over_draws(rows: pl.DataFrame, *, paired: bool) -> Estimate:
    """The mean difference of these rows and its interval over draws."""
    means = rows.group_by("draw").agg(pl.col("value_a").mean(), pl.col("value_b").mean()).sort("draw")
    estimate = differences_over_draws(means["value_a"].to_numpy(), means["value_b"].to_numpy(), paired=paired)
    if means["draw"].to_list() == [-1]:
        return replace(estimate, how="there are no draws here, so an interval over draws is undefined")
    return estimate


def _differences(rows: pl.DataFrame) -> Values:
    """B minus A, `[n]`."""
    return rows["value_b"].to_numpy() - rows["value_a"].to_numpy()


def _test(name: str, rows: pl.DataFrame, of_groups: Estimate, units: PairedUnits) -> PairedTest:
    differences = _differences(rows)
    table = _by_group(rows)
    by_draw = [mcnemar(draw) for draw in table]
    significant = [test for test in by_draw if test.p is not None and test.p < SIGNIFICANT]
    return PairedTest(
        name,
        rows["id"].n_unique(),
        rows.filter(pl.col("draw") >= 0)["draw"].n_unique(),
        int((differences < 0).sum()),
        int((differences > 0).sum()),
        int((differences == 0).sum()),
        float(rows["value_a"].to_numpy().mean()) if len(rows) else None,
        float(rows["value_b"].to_numpy().mean()) if len(rows) else None,
        over_draws(rows, paired=units.paired),
        of_groups,
        mcnemar(table.sum(axis=0), units.independent),
        (sum(test.first > test.second for test in significant), sum(test.first < test.second for test in significant)),
    )


def _by_group(rows: pl.DataFrame) -> Values:
    """Differences `[draws, groups]`, summed within each independent group."""
    _, draw = np.unique(rows["draw"].to_numpy(), return_inverse=True)
    _, group = np.unique(rows["group"].to_numpy().astype(np.str_), return_inverse=True)
    table = np.zeros((int(draw.max(initial=-1)) + 1, int(group.max(initial=-1)) + 1))
    np.add.at(table, (draw, group), _differences(rows))
    return table
