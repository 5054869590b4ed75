"""Model selection by validation, and the test results of the selected models.

Candidates are rows: configurations, or training steps of them. One candidate is selected in each group (such as a test domain and a seed).
Every selection rule is a column, so all rules share the same code, and none of them can use the test column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.metrics.repetitions import Mean, mean_and_error


@dataclass(frozen=True)
class Selected:
    """The test results of the candidates selected for one cell of a table: the cell, the value of each repetition, and their mean."""

    cell: dict[str, Any]
    values: dict[Any, float]
    mean: Mean


def select(candidates: pl.DataFrame, group: Sequence[str], validation: str) -> pl.DataFrame:
    """In each group the row with the largest validation value, the first if tied; groups keep their order.

    Rows whose validation value is missing or not finite are no candidates. A group without candidates stays, with nulls in its other
    columns.
    """
    _check_columns(candidates, [*group, validation])
    valid = candidates.filter(pl.col(validation).cast(pl.Float64).is_finite())
    best = valid.group_by(group, maintain_order=True).agg(pl.all().get(pl.col(validation).arg_max()))
    return candidates.select(group).unique(maintain_order=True).join(best, on=group, how="left", maintain_order="left")


def select_and_test(
    candidates: pl.DataFrame, cell: Sequence[str], repetition: str, validation: str, test: str, *, freedom: int = 1
) -> list[Selected]:
    """For every cell of a table: mean and standard error of `test` over repetitions, each with its candidate selected by `validation`.

    cell: columns that identify a cell (test domain, algorithm). repetition: the column of seeds; one candidate is selected for each seed.
    freedom: as in `mean_and_error`. Repetitions without a candidate are left out and counted in `how`; a cell without any is undefined.
    Raises Problem for a missing column, and for a selected row without a test value.
    """
    _check_columns(candidates, [*cell, repetition, validation, test])
    by_cell: dict[tuple[Any, ...], dict[Any, float]] = {}
    repetitions: dict[tuple[Any, ...], int] = {}
    for row in select(candidates, [*cell, repetition], validation).iter_rows(named=True):
        key = tuple(row[name] for name in cell)
        values = by_cell.setdefault(key, {})
        repetitions[key] = repetitions.get(key, 0) + 1
        if row[validation] is not None:
            if row[test] is None:
                where = listing(f"{name} {row[name]}" for name in [*cell, repetition])
                raise Problem(f"The row selected by {validation} for {where} has no {test}.")
            values[row[repetition]] = float(row[test])
    return [
        Selected(dict(zip(cell, key, strict=True)), values, _mean(values, repetitions[key], repetition, validation, freedom))
        for key, values in by_cell.items()
    ]


def _mean(values: dict[Any, float], repetitions: int, repetition: str, validation: str, freedom: int) -> Mean:
    if not values:
        return Mean(None, None, 0, f"undefined, because no candidate has a {validation}")
    mean = mean_and_error(list(values.values()), repetition, freedom=freedom)
    missing = repetitions - len(values)
    return replace(mean, how=f"{mean.how}; {counted(missing, repetition)} without a candidate left out") if missing else mean


def _check_columns(table: pl.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in table.columns:
            raise Problem(f"There is no column '{name}'; the columns are: {listing(table.columns)}.{nearest(name, table.columns)}")
