"""The page of a sweep: curves, bands over the seeds, cells, and diverged runs."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.report import browser

from scratchlab.report.sweep import figures, page
from scratchlab.report.sweep.cells import SweepView, best, cells

TOGETHER = (("protocol.classes",), ("loss",), ("rates.readout", "rates.body"))


def example(rates: int = 3) -> SweepView:
    rows, curves = [], []
    for pair, loss, rate, seed in itertools.product(
        ("[4, 6]", "[<2>, 7]"), ("cross_entropy(temperature=1.0)", "squared_error"), range(rates), (0, 1)
    ):
        gone = rate == rates - 1 and seed == 1 and loss == "squared_error"
        state = "diverged" if gone else "finished"
        rows.append([pair, loss, f"0.{rate}", f"0.0{rate}", str(seed), state, f"run-{len(rows)}", None if gone else 0.9 + 0.01 * seed])
        epochs = range(1, 2 if gone else 4)
        curves.append(
            {
                "train.loss": {epoch: 2.0 ** -(epoch + seed) for epoch in epochs},
                "valid.accuracy": dict.fromkeys(epochs, 0.9 + 0.01 * seed),
                "cka.valid.one": {0: 0.1} | dict.fromkeys(epochs, 0.5),
                "cka.valid.two": {0: 0.2} | dict.fromkeys(epochs, 0.6 + 0.1 * seed),
                "cka.valid.average": dict.fromkeys(epochs, 0.5),
            }
        )
    names = ["protocol.classes", "loss", "rates.readout", "rates.body", "seed", "state", "run", "test.trained"]
    return SweepView("mine-1a2b", "Pairs & rates", TOGETHER, pl.DataFrame(rows, schema=names, orient="row"), curves)


def test_a_figure_for_each_loss_with_a_line_for_each_rate_in_each_panel() -> None:
    found = figures.curves(example())
    assert list(found) == ["loss cross_entropy", "loss squared_error"]
    lines = [one for one in found["loss cross_entropy"]["data"] if one["mode"] == "lines+markers"]
    assert len(lines) == 3 * 2 * 3  # rows, pairs, rates
    assert [one["name"] for one in lines if one["showlegend"]] == [f"rates.readout 0.{rate}, rates.body 0.0{rate}" for rate in range(3)]
    assert lines[0]["y"] == pytest.approx([2**-1.5, 2**-2.5, 2**-3.5], rel=1e-3)  # the geometric mean of two seeds
    assert lines[-1]["y"] == [0.2, 0.65, 0.65, 0.65]
    assert lines[-1]["customdata"][1] == "0.600 to 0.700, 2 seeds"
    heads = [one["text"] for one in found["loss cross_entropy"]["layout"]["annotations"]]
    assert heads == ["protocol.classes [4, 6]", "protocol.classes [&lt;2&gt;, 7]"]
    assert all(axis["dtick"] == 1 for name, axis in found["loss cross_entropy"]["layout"].items() if name.startswith("xaxis"))


def test_what_diverged_is_drawn_as_far_as_it_came_and_counted() -> None:
    sweep = example()
    line = [one for one in figures.curves(sweep)["loss squared_error"]["data"] if one["mode"] == "lines+markers"][2]
    assert [text[-7:] for text in line["customdata"]] == ["2 seeds", " 1 seed", " 1 seed"]
    gone = [cell for cell in cells(sweep) if cell.diverged]
    assert [(cell.values, cell.runs, cell.over, cell.diverged, cell.metrics) for cell in gone] == [
        ((pair, "squared_error", "0.2", "0.02"), 2, 2, 1, {"test.trained": (0.9, None)}) for pair in ("[4, 6]", "[<2>, 7]")
    ]


def test_too_many_values_make_a_table_alone() -> None:
    assert figures.curves(example(rates=9)) == {}
    assert "Curves" not in page.page(example(rates=9))


def search_example() -> SweepView:
    """A search over many rates; the best cell is not that of the best run, and a better cell diverged with one seed."""
    rows = [
        (f"{0.001 * 2**i}", "sgd", str(seed), "finished", f"run-{i}-{seed}", abs(i - 6) + 0.1 * seed) for i in range(10) for seed in (0, 1)
    ]
    rows[6 * 2 + 1] = (*rows[6 * 2 + 1][:3], "diverged", "gone", None)
    rows[7 * 2] = (*rows[7 * 2][:5], 0.01)
    names = ["training.rate", "optimizer.name", "seed", "state", "run", "valid.loss"]
    return SweepView("mine", "", (("training.rate", "optimizer.name"),), pl.DataFrame(rows, schema=names, orient="row"), (), "valid.loss")


def test_a_search_tells_its_best_cell_and_draws_its_settings(tmp_path: Path, chromium: Any) -> None:
    assert best(search_example()) == "Best by valid.loss, 0.555: training.rate 0.128, optimizer.name sgd"
    with browser.opened(chromium, page.write(search_example(), tmp_path / "sweep.html")) as tab:
        assert tab.locator(".js-plotly-plot").count() == 1
        assert tab.get_by_text("training.rate 0.128, optimizer.name sgd").count() == 1


def test_a_grid_names_its_best_cell_by_validation_and_breaks_ties_by_the_loss() -> None:
    sweep = example()
    assert best(sweep) == "", "a metric of queries chooses nothing"
    accuracy = [0.9 if rate else 0.8 for rate in range(3) for _ in range(2)] * 4
    validated = sweep.table.with_columns(pl.Series("valid.accuracy", accuracy), pl.Series("valid.loss", range(24, 0, -1)))
    expected = "Best by valid.accuracy, 0.9, and of 6 equal ones by valid.loss: protocol.classes [<2>, 7], loss squared_error, "
    assert best(replace(sweep, table=validated)) == expected + "rates.readout 0.1, rates.body 0.01"


def test_the_page_links_to_the_runs_and_names_what_varies() -> None:
    links = [f"../../run-{i}/" + ("report.html" if i else "") for i in range(24)]
    text = page.page(replace(example(), links=links))
    assert text.count('<a href="../../run-') == 24
    assert '<a href="../../run-3/report.html"><bdi>run-3</bdi></a>' in text
    assert "<code>rates.readout</code>: <bdi>0.0, 0.1, 0.2</bdi>" in text
    assert "<title>Sweep: Pairs &amp; rates" in text


def test_the_page_opens_from_disk_and_draws(tmp_path: Path, chromium: Any) -> None:
    path = page.write(example(), tmp_path / "sweep.html")
    for width in (1280, 390):
        with browser.opened(chromium, path, width) as tab:
            assert tab.locator(".js-plotly-plot").count() == 2
            assert tab.get_by_text("22 finished, 2 diverged").count() == 1
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
