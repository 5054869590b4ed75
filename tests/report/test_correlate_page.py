"""Correlations on a page and in the terminal: consistent with the analysis, self-contained, with a scatter plot per cell."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from tests.report import browser

from scratchlab.analysis.correlate import Correlations, correlate
from scratchlab.report.correlate import figures, page, terminal, words
from scratchlab.report.words import interval_of_numbers

PLOT = "[data-figure='cells']"


@pytest.fixture(scope="module")
def found() -> Correlations:
    rng = np.random.default_rng(0)
    rate = np.repeat(rng.uniform(size=12), 4)
    values = {
        "rate <b>": rate,
        "accuracy": rate + rng.normal(0, 0.1, 48),
        "[/noise]": rng.normal(size=48),
        "pair": np.tile([0.0, 0, 1, 1], 12),
    }
    values["accuracy"][5] = np.nan
    table = pl.DataFrame({name: [repr(float(one)) for one in column] for name, column in values.items()})
    return correlate(table, configuration=["rate <b>"], group=["pair"])


def test_the_page_shows_the_correlations(found: Correlations) -> None:
    text = page.page(found, "my <table>")
    assert "my &lt;table&gt;" in text
    assert "rate &lt;b&gt;" in text
    assert "rate <b>" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert "48 runs in 12 configurations (rate &lt;b&gt;), 6 comparisons." in text
    assert "Up to 1 run is left out" in text
    (cell,) = [one for one in found.cells if (one.x, one.y) == ("rate <b>", "accuracy")]
    assert words.significant(cell)
    row = [interval_of_numbers(cell.correlation.r), "p &lt; 0.001", interval_of_numbers(cell.correlation.naive)]
    assert "".join(f"<td>{one}</td>" for one in row) in text
    assert "<b>1</b> of 6 correlations are significant" in text


def test_a_click_shows_the_runs(found: Correlations, tmp_path: Path, chromium: Any) -> None:
    path = page.write(found, "runs.csv", tmp_path / "page.html")
    with browser.opened(chromium, path) as tab:
        below = tab.locator("[data-behind]")
        assert below.get_attribute("data-figure") == figures.strongest(found) == "cells-1-0"
        inner = tab.locator(f"{PLOT} .heatmaplayer").bounding_box()
        tab.mouse.click(inner["x"] + inner["width"] * 3 / 8, inner["y"] + inner["height"] * 5 / 8)
        tab.wait_for_selector("[data-behind][data-figure='cells-2-1']")
        assert below.locator(".scatterlayer .point").count() == 47
        assert "accuracy and [/noise]" in below.inner_text()


def test_the_runs_are_stored_once_for_all_pairs() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(900, 30)) + rng.normal(size=(900, 1))
    drawn = figures.figures(correlate(pl.DataFrame({f"c{i}": [f"{one:.4f}" for one in values[:, i]] for i in range(30)})))
    assert len(drawn) == 2 + 30 * 29 / 2
    assert len(drawn["shared"]["names"]) == len(drawn["shared"]["column 29"]) == figures.POINTS
    assert len(json.dumps(drawn)) < 1.2e6


def test_the_terminal_has_the_strongest_first(found: Correlations) -> None:
    console = Console(width=120, file=io.StringIO(), record=True, markup=False)
    console.print(terminal.correlations(found, 2))
    told = console.export_text()
    lines = [line for line in told.splitlines() if re.match(r" (rate|accuracy|\[/noise\]|pair)", line)]
    assert [line.split("  ")[0].strip() for line in lines[:2]] == ["rate <b>", "accuracy"]
    assert len(lines) == 4
    assert "4 weaker pairs are on the page" in told
    assert "between seeds" in told


def test_reasons_for_missing_intervals_are_in_the_terminal() -> None:
    table = pl.DataFrame({"a": ["1", "2", "4", "3"], "b": ["2", "4", "8", "6"], "c": ["1", "0", "2", "5"]})
    console = Console(width=120, file=io.StringIO(), record=True, markup=False)
    found = correlate(table)
    console.print(terminal.correlations(found, 9))
    told = console.export_text()
    assert "–: one of the two determines the other." in told
    assert "–: an interval is undefined, because there are 4 configurations, and 5 are needed." in told
    assert figures.strongest(found) != figures.name(0, 1), "the first scatter plot should not be that of two equal quantities"


def test_left_out_columns_and_coded_words_are_reported_once() -> None:
    table = pl.DataFrame({"a": ["1", "2", "4"], "b": ["2", "3", "3"], "c": ["x", "x", "x"], "d": ["5"] * 3, "e": ["on", "off", "on"]})
    told = words.summary(correlate(table))
    assert "Words coded as numbers: e: off is 0, on is 1." in told
    assert told[-1] == "Columns left out: c, d, each because it is the same in all runs."
