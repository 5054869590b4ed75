"""Values over several runs: by seed, repetition and group, the folds of a seed together; gains are paired or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from scratchlab.analysis.crossed import over_runs, tabulate
from scratchlab.checks import Problem
from scratchlab.metrics.estimate import Estimate
from scratchlab.result import Head, Layout, Result, Row
from scratchlab.store.run import Run

LAYOUT = Layout("query", "accuracy", ("session",), "draw", "part", "speaker")
METRICS = {"accuracy": Estimate(0.5)}


def finished(folder: Path, seed: int, values: str, groups: list[str], layout: Layout = LAYOUT) -> Run:
    """Two draws in which each group is asked "a" (a base class) and "b" (a new one); "1" for right, by draw, group and class."""
    folder.mkdir()
    (folder / "recipe.toml").write_text(f"seed = {seed}\n")
    keys = [(draw, group, part) for draw in range(2) for group in groups for part in ("base", "new")]
    rows = [
        {"id": f"{group}-{part}", "session": 1, "draw": draw, "head": "cosine", "group": group, "part": part, "value": float(value)}
        for (draw, group, part), value in zip(keys, values, strict=True)
    ]
    base = [one | {"session": 0, "draw": -1, "value": 1.0} for one in rows if one["draw"] == 0 and one["part"] == "base"]
    other = [one | {"head": "other", "value": 0.0} for one in rows]
    contexts = tuple(Row({"session": i} if layout.context else {}, {}, METRICS) for i in range(2))
    result = Result("sessions", "…", {"cosine": Head(METRICS, contexts)}, layout, scan=pl.DataFrame([*base, *rows, *other]).lazy)
    run = Run(folder)
    run.save_result(result)
    return run


def test_runs_of_one_seed_are_one_with_the_groups_of_all(tmp_path: Path) -> None:
    runs = [
        finished(tmp_path / "first, fold 1", 0, "1111" + "1011", ["theo", "lucas"]),
        finished(tmp_path / "first, fold 2", 0, "10" + "10", ["nina"]),
        finished(tmp_path / "second, fold 1", 1, "0000" + "1111", ["theo", "lucas"]),
        finished(tmp_path / "second, fold 2", 1, "11" + "11", ["nina"]),
    ]
    new = over_runs(runs, "cosine", "new")
    assert new.levels == {"seeds": ["0", "1"], "draws": ["0", "1"], "speakers": ["lucas", "nina", "theo"]}
    assert np.array_equal(new.total, [[[1, 0, 1], [1, 0, 0]], [[0, 1, 0], [1, 1, 1]]])
    assert np.array_equal(new.units, np.ones((2, 2, 3)))
    assert "2 seeds × 2 draws × 3 speakers" in new.mean().how
    assert over_runs(runs, "cosine").mean().value == pytest.approx(17 / 24)
    base = over_runs(runs, "cosine", context={"session": 0})
    assert base.levels["draws"] == ["-1"]
    assert base.units.sum() == 6
    assert base.mean().value == 1
    assert new.gain_over(over_runs(runs, "other", "new")).value == pytest.approx(7 / 12)


def test_a_group_without_queries_under_one_seed_has_weight_0(tmp_path: Path) -> None:
    runs = [finished(tmp_path / "one", 0, "1010" + "1010", ["theo", "lucas"]), finished(tmp_path / "two", 1, "11" + "11", ["theo"])]
    found = over_runs(runs, "cosine", "new")
    assert found.units.tolist() == [[[1, 1], [1, 1]], [[0, 1], [0, 1]]]
    assert found.mean().value == pytest.approx(2 / 6)


def test_other_kinds_have_other_axes(tmp_path: Path) -> None:
    """Without a repetition, contexts and blocks: seeds, and queries that stand for themselves."""
    runs = [finished(tmp_path / "one", 3, "11" + "10", ["theo"], Layout("query", "accuracy"))]
    assert list(over_runs(runs, "cosine").levels) == ["seeds", "queries"]


def test_no_queries_give_an_undefined_mean(tmp_path: Path) -> None:
    run = finished(tmp_path / "one", 0, "11" + "11", ["theo"])
    assert over_runs([run], "cosine", "new", {"session": 0}).mean().how == "undefined, because there is no answer"


def test_different_units_are_not_paired() -> None:
    units = pl.DataFrame({"seed": [0, 0, 1], "group": ["a", "b", "a"], "value": [1.0, 0.0, 1.0]})
    axes = {"seed": "seeds", "group": "speakers"}
    whole, fewer, others = (tabulate(one, axes) for one in (units, units[:2], units.with_columns(group=pl.col("group") + "x")))
    assert whole.gain_over(whole).value == 0
    for other in (fewer, others):
        with pytest.raises(Problem, match="do not have the same units in all seeds, speakers, so they cannot be paired"):
            whole.gain_over(other)


def test_a_run_without_a_result_is_reported(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="has no result yet"):
        over_runs([Run(tmp_path)], "cosine")
