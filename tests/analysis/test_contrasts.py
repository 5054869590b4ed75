"""Claims about a sweep: gaps against cases worked out by hand, how often their intervals hold, and published tables beside ours."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from scratchlab.analysis.contrasts import beside_published, contrast, over_seeds
from scratchlab.checks import Problem

SHIFT = {"a": 0.0, "b": 0.1, "c": 0.3}


def runs(noise: float = 0.001, **changes: float | None) -> pl.DataFrame:
    """Rates a, b, c, on pairs p and q, under two seeds: the value is the rate's shift, and 1 on p."""
    keys = list(itertools.product(SHIFT, ("p", "q"), (0, 1)))
    values = [changes.get(f"{rate}{pair}", SHIFT[rate] + (pair == "p") + noise * seed * (rate == "c")) for rate, pair, seed in keys]
    return pl.DataFrame(keys, schema=["rate", "pair", "seed"], orient="row").with_columns(value=pl.Series(values, dtype=pl.Float64))


def test_gaps_are_means_over_blocks_and_sure_over_seeds() -> None:
    result = contrast(runs(), "value", "rate", "c", "pair", "rate")
    assert result.gaps["a"].value == pytest.approx(0.3005)
    assert result.gaps["b"].value == pytest.approx(0.2005)
    half = 0.0005 * 25.4517  # t of one degree of freedom at 1 - 0.05 / 2 / 2
    assert (result.gaps["a"].low, result.gaps["a"].high) == (pytest.approx(0.3005 - half, abs=1e-6), pytest.approx(0.3005 + half, abs=1e-6))
    assert (result.blocks, result.first, result.left_out) == (("p", "q"), ("p", "q"), ())
    assert result.verdict == "holds"
    assert contrast(runs(), "value", "rate", "c", "pair", "rate", sign=-1).verdict == "does not hold"
    assert contrast(runs(), "value", "rate", "a", "pair", "rate", sign=-1).first == ("p", "q")


def test_a_claim_may_hold_on_average_alone_or_stay_open() -> None:
    some = contrast(runs(cq=0.05), "value", "rate", "c", "pair", "rate")
    assert some.first == ("p",)
    assert some.verdict == "contains on average, and at 1 of 2"
    assert contrast(runs(noise=0.1), "value", "rate", "c", "pair", "rate").verdict == "not sure: an interval spans 0"


def test_values_at_which_a_run_came_to_nothing_are_left_out() -> None:
    result = contrast(runs(bq=None), "value", "rate", "c", "pair", "rate")
    assert (list(result.gaps), result.left_out) == (["a"], ("b",))
    assert contrast(runs(cq=None), "value", "rate", "c", "pair", "rate").verdict == "undefined, because too few runs have a figure"
    assert contrast(runs(bq=None), "value", "rate", "c", "pair", "pair").blocks == ("p",)


def test_an_interval_is_over_seeds_which_have_something_in_common_in_all_blocks() -> None:
    """95 in a hundred, also where a seed's beginning is the same in every block."""
    rng, held = np.random.default_rng(0), []
    seeds = pl.Series("seed", [0, 1, 2] * 4)
    for _ in range(500):
        values = rng.normal(size=(4, 3)) + rng.normal(size=3)
        one = over_seeds(pl.DataFrame({"seed": seeds, "value": values.ravel()}), "value")
        assert one.low is not None
        assert one.high is not None
        held.append(one.low < 0 < one.high)
    assert 0.92 < np.mean(held) < 0.98
    nothing = over_seeds(pl.DataFrame({"seed": [0, 1], "value": [1.0, None]}), "value")
    assert nothing.how == "undefined, because 1 run of 2 came to nothing"


def test_published_cells_are_told_in_standard_deviations() -> None:
    ours = pl.DataFrame({"loss": ["x"] * 4, "pair": list("aabb"), "value": [1.0, 1.2, 3.0, 3.0]})
    published = pl.DataFrame({"loss": ["x", "x"], "pair": ["b", "a"], "value": [3.3, 1.0]})
    result = beside_published(ours, published, ["loss", "pair"], "value", "loss")
    pooled = np.sqrt((0.02 + 0) / 2)
    assert result["here"].to_list() == pytest.approx([3.0, 1.1])
    assert result["off"].to_list() == pytest.approx([-0.3 / pooled, 0.1 / np.sqrt(0.02)])
    with pytest.raises(Problem, match=r"value of \(x, b\) is not there twice"):
        beside_published(ours[:3], published, ["loss", "pair"], "value", "loss")
