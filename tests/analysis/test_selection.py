"""Selection by validation within each group and test results over repetitions, on a small case computed by hand."""

from __future__ import annotations

import math

import polars as pl
import pytest

from scratchlab.analysis.selection import select, select_and_test
from scratchlab.checks import Problem
from scratchlab.metrics.repetitions import mean_and_error

SWEEP = pl.DataFrame(
    {
        "method": ["a"] * 6 + ["b"] * 3,
        "seed": [0, 0, 1, 1, 2, 2, 0, 0, 1],
        "rate": [0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1],
        "valid": [0.5, 0.9, 0.8, 0.8, 0.3, 0.2, None, float("nan"), float("inf")],
        "test": [0.99, 0.4, 0.6, 0.99, 0.5, 0.99, 0.9, 0.9, 0.9],
    }
)


def test_each_repetition_selects_by_validation_only() -> None:
    """Seed 0 takes rate 0.2, seed 1 the first of two equals, seed 2 rate 0.1: 0.4, 0.6, 0.5, though 0.99 exists for each seed."""
    a, b = select_and_test(SWEEP, ["method"], "seed", "valid", "test")
    assert (a.cell, a.values) == ({"method": "a"}, {0: 0.4, 1: 0.6, 2: 0.5})
    assert a.mean.value == pytest.approx(0.5)
    assert a.mean.error == pytest.approx(0.1 / math.sqrt(3))
    assert a.mean.how == "mean over 3 seeds"
    plain = select_and_test(SWEEP, ["method"], "seed", "valid", "test", freedom=0)[0].mean.error
    assert plain == pytest.approx(math.sqrt(0.02 / 3) / math.sqrt(3))
    assert (b.values, b.mean.value, b.mean.error) == ({}, None, None)
    assert b.mean.how == "undefined, because no candidate has a valid"


def test_the_selected_row_is_complete_and_empty_groups_stay() -> None:
    found = select(SWEEP, ["method", "seed"], "valid")
    assert found.columns == SWEEP.columns
    assert found["rate"].to_list() == [0.2, 0.1, 0.1, None, None]
    assert found["seed"].to_list() == [0, 1, 2, 0, 1]


def test_the_order_of_rows_matters_only_for_ties() -> None:
    for seed in range(5):
        found = select(SWEEP.filter(pl.col("seed") != 1).sample(fraction=1, shuffle=True, seed=seed), ["method", "seed"], "valid")
        assert found.filter(method="a").sort("seed")["test"].to_list() == [0.4, 0.5]


def test_a_repetition_without_a_candidate_is_left_out_and_counted() -> None:
    table = SWEEP.with_columns(valid=pl.when((pl.col("seed") == 2) & (pl.col("method") == "a")).then(None).otherwise("valid"))
    (mean,) = [one.mean for one in select_and_test(table, ["method"], "seed", "valid", "test")][:1]
    assert mean.n == 2
    assert mean.how == "mean over 2 seeds; 1 seed without a candidate left out"


def test_errors_are_reported() -> None:
    with pytest.raises(Problem, match=r"There is no column 'vald'; the columns are: method, .*Did you mean 'valid'"):
        select(SWEEP, ["method"], "vald")
    with pytest.raises(Problem, match="There is no column 'trial'"):
        select_and_test(SWEEP, ["method"], "trial", "valid", "test")
    with pytest.raises(Problem, match="The row selected by valid for method a, seed 0 has no test"):
        select_and_test(SWEEP.with_columns(test=pl.lit(None, pl.Float64)), ["method"], "seed", "valid", "test")
    with pytest.raises(ValueError, match="freedom is 1 or 0, not 2"):
        mean_and_error([1.0, 2.0], freedom=2)


def test_few_repetitions() -> None:
    assert mean_and_error([]).how == "undefined, because there is no seed"
    one = mean_and_error([0.5], "trial")
    assert (one.value, one.error, one.how) == (0.5, None, "one trial; an error is undefined, because one trial has no spread")
    assert mean_and_error([0.4, 0.8]).error == pytest.approx(0.2), "s = 0.4/√2, over √2"
