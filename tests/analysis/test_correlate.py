"""Tables of runs: columns read as numbers, pairs compared once, left-out columns named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from scratchlab.analysis.correlate import correlate, numbers, read
from scratchlab.checks import Problem


def table() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    rate = np.repeat([0.01, 0.1, 0.2, 0.5, 0.9, 1.0], 3)
    accuracy = rate + rng.normal(0, 0.05, 18)
    return pl.DataFrame(
        {
            "rate": [f"{one:g}" for one in rate],
            "optimizer": ["sgd", "adam"] * 9,
            "seed": ["0", "1", "2"] * 6,
            "note": [f"run {i}" for i in range(18)],
            "epochs": ["10"] * 18,
            "accuracy": [*(f"{one:.4f}" for one in accuracy[:-1]), "nan"],
        }
    )


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["1", "2.5", "-3e-4"], [1, 2.5, -3e-4]),
        (["1,014.45", "986"], [1014.45, 986]),
        (["93.1%", "7%"], [0.931, 0.07]),
        (["off", "on", ""], [0, 1, np.nan]),
        (["inf", "-inf", "3"], [np.inf, -np.inf, 3]),
        (["b", "a", "b"], [1, 0, 1]),
        (["sgd", "adam", "nan"], [1, 0, np.nan]),
        (["True", "false", "true"], [1, 0, 1]),
    ],
)
def test_numbers_in_many_forms(words: list[str], values: list[float]) -> None:
    np.testing.assert_allclose(numbers(words), values, rtol=1e-12)


def test_columns_without_numbers_give_a_reason() -> None:
    assert numbers(["[0, 1]", "[2]", "[3]"]) == "it holds 3 different words, such as [0, 1] and [2]"
    assert numbers([None, ""]) == "it is empty"
    assert numbers(["VLCS", "VLCS"]) == "it is the same in all runs"
    assert isinstance(numbers([".", "1,2", "3"]), str)


def test_every_pair_once_and_left_out_columns_named() -> None:
    found = correlate(table(), configuration=["rate"], group=["optimizer"])
    assert [(cell.x, cell.y) for cell in found.cells] == [
        ("rate", "optimizer"),
        ("rate", "seed"),
        ("rate", "accuracy"),
        ("optimizer", "seed"),
        ("optimizer", "accuracy"),
        ("seed", "accuracy"),
    ]
    assert set(found.skipped) == {"note", "epochs"}
    assert found.skipped["epochs"] == "it is the same in all runs"
    (cell,) = [cell for cell in found.cells if (cell.x, cell.y) == ("rate", "accuracy")]
    assert cell.correlation.r.value is not None
    assert cell.correlation.r.value > 0.9
    assert (cell.correlation.configurations, cell.correlation.left_out, cell.correlation.runs) == (6, 1, 17)
    assert cell.correlation.adjusted is not None
    assert cell.correlation.p is not None
    assert cell.correlation.adjusted >= cell.correlation.p
    some = correlate(table(), ["rate", "seed", "rate"], ["accuracy"])
    assert [(cell.x, cell.y) for cell in some.cells] == [("rate", "accuracy"), ("seed", "accuracy")]
    assert some.cells[0].correlation.configurations == 17, "without a configuration every run is its own"


def test_wrong_columns_and_tables_are_reported(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"There is no column 'acuracy'; the columns are: rate, .*Did you mean 'accuracy'"):
        correlate(table(), ["rate"], ["acuracy"])
    with pytest.raises(Problem, match=r"The column 'note' cannot be correlated: it holds 18 different words"):
        correlate(table(), ["note"], ["accuracy"])
    with pytest.raises(Problem, match="There is no table at"):
        read(tmp_path / "nothing.csv")
    for text, says in (("a;b\n", "has 0 rows; correlations need a header"), ("a\n1\n2\n", "has 2 rows")):
        (tmp_path / "short.csv").write_text(text)
        with pytest.raises(Problem, match=says):
            read(tmp_path / "short.csv")
    (tmp_path / "other.csv").write_text("a;b\n1;2\n2;3\n3;5\n")
    assert read(tmp_path / "other.csv").columns == ["a", "b"]
    with pytest.raises(Problem, match=r"There are no two columns to correlate; left out are b, because it is the same in all runs"):
        correlate(pl.DataFrame({"a": ["1", "2", "3"], "b": ["x", "x", "x"]}))
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n3,4,5\n")
    with pytest.raises(Problem, match=r"odd.csv is not a table of comma-separated values: line 3 has 3 values, but the header has 2 names"):
        read(tmp_path / "odd.csv")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-16")
    with pytest.raises(Problem, match=r"other.csv is not written in UTF-8 \(byte 1 is 0xff\); save it as UTF-8"):
        read(tmp_path / "other.csv")


def test_tables_as_spreadsheets_and_pandas_write_them(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("rate;note;share;mixed\n0,1;a,b;50,5%;1,5\n0,2;c;;1.5\n1e-3;d;70%;2\n")
    found = read(path)
    assert found["rate"].to_list() == ["0.1", "0.2", "1e-3"]
    assert found["note"].to_list() == ["a,b", "c", "d"]
    assert found["share"].to_list() == ["50.5%", None, "70%"]
    assert found["mixed"].to_list() == ["1,5", "1.5", "2"], "ambiguous commas stay"
    path.write_text(",a\n0,1\n1,3\n2,2\n")
    assert read(path).columns == ["column 1", "a"]


@pytest.mark.filterwarnings("error")
def test_numbers_at_the_ends_of_their_range_are_compared() -> None:
    found = correlate(pl.DataFrame({"a": ["1e308", "-1e308", "1e307", "5"], "b": ["3", "1", "2", "2"]}))
    assert found.cells[0].correlation.r.value == pytest.approx(0.999, abs=2e-3)


def test_how_runs_ended_is_counted() -> None:
    ends = pl.Series("state", ["finished", "diverged", "finished"] * 6)
    assert correlate(table().with_columns(ends), ["rate"], ["accuracy"], state="state").endings == {"finished": 12, "diverged": 6}
    assert correlate(table(), ["rate"], ["accuracy"]).endings == {}


def test_patterns_leave_out_columns_that_are_not_numeric() -> None:
    found = correlate(table(), ["*e*", "rate"], ["acc*"])
    assert found.xs == ("rate", "optimizer", "seed")
    assert found.ys == ("accuracy",)
    assert set(found.skipped) == {"note", "epochs"}
    with pytest.raises(Problem, match=r"There is no column 'hp_\*'; the columns are: rate"):
        correlate(table(), ["hp_*"])
    odd = table().rename({"rate": "r[a]", "seed": "ra"})
    assert correlate(odd, ["r[a]"], ["accuracy"]).xs == ("r[a]",), "the name of a column is not a pattern"


def test_coded_words_are_reported() -> None:
    found = correlate(table().with_columns(fast=pl.Series(["Yes", "no", "nan"] * 6), two=pl.Series(["1", "2"] * 9)))
    assert found.words == {"optimizer": ("adam", "sgd"), "fast": ("no", "yes")}


@pytest.mark.parametrize(
    ("name", "x", "y"), [("timm_results-imagenet.csv", "param_count", "top1"), ("openclip_results.csv", "params (M)", "ImageNet 1k")]
)
def test_published_tables_need_no_special_case(real_data: Callable[[str], Path], name: str, x: str, y: str) -> None:
    found = correlate(read(real_data(f"tables/{name}")), [x], [y])
    (cell,) = found.cells
    assert cell.correlation.r.value is not None
    assert 0 < cell.correlation.r.value < 1
    assert cell.correlation.left_out < 0.1 * found.runs
