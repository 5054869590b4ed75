"""Two heads that answered the same queries: their answers side by side, and who won.

Pure: tables in, numbers out. A difference is always B less A.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.checks import Problem
from scratchlab.metrics.estimate import Estimate
from scratchlab.metrics.paired import SignTest, differences_over_draws, differences_over_groups, mcnemar

Values = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

KEYS = ("id", "session", "draw")
SURE = 0.05  # below this p, a single draw is counted as won


@dataclass(frozen=True)
class Joined:
    """What both were asked: one row a query, session and draw.

    rows: columns id, group, session, draw, truth, a, b (the answers), right_a, right_b.
    left_out: how many queries only A and only B was asked. draws: of A, of B, and those in both (0 where none were drawn).
    paired: whether both learned from the same shots in the draw of the same number.
    """

    rows: pl.DataFrame
    left_out: tuple[int, int]
    draws: tuple[int, int, int]
    paired: bool

    @property
    def last(self) -> int:
        """The number of the last session."""
        return int(self.rows["session"].to_numpy().max())

    def session(self, number: int) -> pl.DataFrame:
        """The rows of one session, by draw and id."""
        return self.rows.filter(pl.col("session") == number).sort("draw", "id")


@dataclass(frozen=True)
class Contest:
    """One session's queries of all classes, of the base or of the new ones.

    both, only_a, only_b, neither: answers that were right, over all draws. a, b: accuracies over the same, None where nothing was asked.
    over_draws, over_groups: the difference with its interval. units: "query" or "group", what `test` takes as independent.
    won: how many draws A and B won with p < SURE, each draw tested alone.
    """

    name: str
    queries: int
    draws: int
    both: int
    only_a: int
    only_b: int
    neither: int
    a: float | None
    b: float | None
    over_draws: Estimate
    over_groups: Estimate
    unit: str
    test: SignTest
    won: tuple[int, int]


def joined(a: pl.LazyFrame, b: pl.LazyFrame, *, paired: bool) -> Joined:
    """The answers of two heads side by side; `a` and `b` hold one head's rows of predictions.parquet each.

    Raises Problem where no query is common, or where the same query has two true classes.
    """
    one, other = (_answers(frame, side) for frame, side in ((a, "a"), (b, "b")))
    rows = one.join(other, on=KEYS, how="inner", maintain_order="left")
    if not len(rows):
        both = set(one["id"].to_list()) & set(other["id"].to_list())
        what = "in the same session and draw" if both else f"among the {one['id'].n_unique()} of A and the {other['id'].n_unique()} of B"
        raise Problem(f"There is no common query {what}, so there is nothing to compare; give both runs the same data, seed and protocol.")
    differing = rows.filter(pl.col("truth") != pl.col("truth_b"))
    if len(differing):
        first = differing.row(0, named=True)
        raise Problem(
            f"{differing['id'].n_unique()} of the common queries have another true class in B than in A "
            f"({first['id']}: '{first['truth']}' and '{first['truth_b']}'); runs on other labels cannot be compared."
        )
    rows = rows.drop("truth_b", "group_b").with_columns(right_a=pl.col("a") == pl.col("truth"), right_b=pl.col("b") == pl.col("truth"))
    ids = [frame["id"].n_unique() for frame in (one, other, rows)]
    draws = [frame.filter(pl.col("draw") >= 0)["draw"].n_unique() for frame in (one, other, rows)]
    return Joined(rows, (ids[0] - ids[2], ids[1] - ids[2]), (draws[0], draws[1], draws[2]), paired)


def _answers(frame: pl.LazyFrame, side: str) -> pl.DataFrame:
    """Keys, group, truth and answer of one side; what both have is suffixed for B."""
    suffix = "" if side == "a" else "_b"
    text = [pl.col("truth").cast(pl.String).alias(f"truth{suffix}"), pl.col("predicted").cast(pl.String).alias(side)]
    return frame.select(*KEYS, pl.col("group").alias(f"group{suffix}"), *text).collect()


def contests(found: Joined, base: tuple[str, ...]) -> dict[int, list[Contest]]:
    """By session, those of all classes, of the `base` classes and of the new ones; session 0 has all classes alone."""
    numbers = sorted(found.rows["session"].unique().to_list())
    return {number: _session(found.session(number), number, base, found.paired) for number in numbers}


def _session(rows: pl.DataFrame, number: int, base: tuple[str, ...], paired: bool) -> list[Contest]:
    of_base = rows["truth"].is_in(list(base)).to_numpy()
    every = np.ones(len(rows), dtype=np.bool_)
    sets = {"all classes": every} | ({"base": of_base, "new": ~of_base} if number else {})
    members = np.stack(list(sets.values()), axis=1)
    intervals = over_groups(rows, members)
    return [
        _contest(name, rows.filter(pl.Series(mask)), estimate, paired)
        for (name, mask), estimate in zip(sets.items(), intervals, strict=True)
    ]


def unit(rows: pl.DataFrame) -> str:
    """What is independent in these rows: a "query", or a "group" of several (the queries of one speaker)."""
    return "group" if rows["group"].n_unique() < rows["id"].n_unique() else "query"


def over_groups(rows: pl.DataFrame, members: Bools) -> list[Estimate]:
    """The mean gain of each set of rows, `members` `[n, sets]`, and its bootstrap interval over what is independent."""
    what = "queries" if unit(rows) == "query" else "groups of the queries"
    return differences_over_groups(gains(rows), rows["group"].to_numpy().astype(np.str_), members, what=what)


def over_draws(rows: pl.DataFrame, *, paired: bool) -> Estimate:
    """The difference of the accuracies in these rows and its interval over draws."""
    means = rows.group_by("draw").agg(pl.col("right_a").mean(), pl.col("right_b").mean()).sort("draw")
    found = differences_over_draws(means["right_a"].to_numpy(), means["right_b"].to_numpy(), paired=paired)
    if means["draw"].to_list() == [-1]:
        return replace(found, how="nothing was drawn; an interval over draws is undefined, because the base session has no shots")
    return found


def gains(rows: pl.DataFrame) -> Values:
    """1 where B alone was right, -1 where A alone was, else 0; `[n]`."""
    return rows["right_b"].to_numpy().astype(np.float64) - rows["right_a"].to_numpy()


def _contest(name: str, rows: pl.DataFrame, of_groups: Estimate, paired: bool) -> Contest:
    a, b = rows["right_a"].to_numpy(), rows["right_b"].to_numpy()
    queries, draws = rows["id"].n_unique(), rows["draw"].n_unique()
    table = by_unit(rows)
    alone = [mcnemar(draw) for draw in table]
    sure = [test for test in alone if test.p is not None and test.p < SURE]
    return Contest(
        name,
        queries,
        draws,
        int((a & b).sum()),
        int((a & ~b).sum()),
        int((~a & b).sum()),
        int((~a & ~b).sum()),
        float(a.mean()) if len(a) else None,
        float(b.mean()) if len(b) else None,
        over_draws(rows, paired=paired),
        of_groups,
        unit(rows),
        mcnemar(table.sum(axis=0), unit(rows)),
        (sum(test.first > test.second for test in sure), sum(test.first < test.second for test in sure)),
    )


def by_unit(rows: pl.DataFrame) -> Values:
    """Gains `[draws, units]`, added up within what is independent: a group, which is a lone query where the source knows no groups."""
    _, draw = np.unique(rows["draw"].to_numpy(), return_inverse=True)
    _, group = np.unique(rows["group"].to_numpy().astype(np.str_), return_inverse=True)
    shape = (int(draw.max(initial=-1)) + 1, int(group.max(initial=-1)) + 1)
    table = np.zeros(shape)
    np.add.at(table, (draw, group), gains(rows))
    return table
