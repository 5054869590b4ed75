"""Choosing by validation, and what the chosen reached where nobody looked.

Candidates are rows: a configuration, or a step of one. A group is what a choice is made for, once (a test domain and a seed). Whatever the
rule of validation, it is a column; so every rule goes through the same lines, and none can look at the test column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.metrics.repetitions import Mean, mean_and_error


@dataclass(frozen=True)
class Reached:
    """What the candidates chosen for one cell of a table reached: its place by column, the value of each repetition, and their mean."""

    place: dict[str, Any]
    values: dict[Any, float]
    mean: Mean


def chosen(candidates: pl.DataFrame, group: Sequence[str], validation: str) -> pl.DataFrame:
    """In each group the row with the largest validation, the first of equals; groups in the order in which they come.

    A row whose validation is missing or not finite is no candidate. A group in which none is stays, with nothing in its other columns.
    """
    _there(candidates, [*group, validation])
    able = candidates.filter(pl.col(validation).cast(pl.Float64).is_finite())
    best = able.group_by(group, maintain_order=True).agg(pl.all().get(pl.col(validation).arg_max()))
    return candidates.select(group).unique(maintain_order=True).join(best, on=group, how="left", maintain_order="left")


def reached(
    candidates: pl.DataFrame, place: Sequence[str], repetition: str, validation: str, test: str, *, freedom: int = 1
) -> list[Reached]:
    """For every place of a table: chosen by `validation` within each repetition, the mean of `test` ± its standard error over repetitions.

    place: columns that name a cell (test domain, algorithm); repetition: the column of seeds, each of which makes its own choice. freedom
    as in `mean_and_error`. A repetition without a candidate does not count, and `how` says so; a place where none has one is undefined.
    Raises Problem for a column that is not there and for a chosen row whose test is missing.
    """
    _there(candidates, [*place, repetition, validation, test])
    found: dict[tuple[Any, ...], dict[Any, float]] = {}
    asked: dict[tuple[Any, ...], int] = {}
    for row in chosen(candidates, [*place, repetition], validation).iter_rows(named=True):
        where = tuple(row[name] for name in place)
        values = found.setdefault(where, {})
        asked[where] = asked.get(where, 0) + 1
        if row[validation] is not None:
            if row[test] is None:
                told = listing(f"{name} {row[name]}" for name in [*place, repetition])
                raise Problem(f"What {validation} chose for {told} has no {test}.")
            values[row[repetition]] = float(row[test])
    return [
        Reached(dict(zip(place, where, strict=True)), values, _mean(values, asked[where], repetition, validation, freedom))
        for where, values in found.items()
    ]


def _mean(values: dict[Any, float], asked: int, repetition: str, validation: str, freedom: int) -> Mean:
    if not values:
        return Mean(None, None, 0, f"undefined, because no candidate has a {validation}")
    mean = mean_and_error(list(values.values()), repetition, freedom=freedom)
    lacking = asked - len(values)
    return replace(mean, how=f"{mean.how}; {counted(lacking, repetition)} without a candidate left out") if lacking else mean


def _there(table: pl.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in table.columns:
            raise Problem(f"There is no column '{name}'; there are: {listing(table.columns)}.{nearest(name, table.columns)}")
