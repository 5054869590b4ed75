"""CKA on a run's page: the values themselves, from the table or from the records, and the reasons for missing ones."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.report.conftest import readings
from tests.report.test_report import read

from scratchlab.report import words
from scratchlab.report.epochs import Epochs
from scratchlab.report.run import kernels, page
from scratchlab.report.run.readings import Readings
from scratchlab.store.run import Run


def drawn(run: Run) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page.page(run), re.DOTALL)
    assert found
    return json.loads(found[1])


def lines(figure: dict[str, Any]) -> dict[str, list[float | None]]:
    return {line["name"]: line["y"] for line in figure["data"]}


def test_lines_are_the_readings(many: Run) -> None:
    figures, table = drawn(many), many.table("kernels")
    for which in ("train", "valid"):
        found = lines(figures[f"kernels-{which}"])
        for layer in ("blocks.0", "blocks.11", "average"):
            rows = table.filter(set=which, kind="target", layer=layer).sort("epoch")
            assert found[layer] == [None if value is None else round(value, 4) for value in rows["debiased"]]
    assert lines(figures["kernels-start"])["blocks.3"][0] == pytest.approx(1)
    last = lines(figures["kernels-last"])
    assert list(last) == ["training", "validation", "queries"]
    assert last["validation"] == lines(figures["kernels-valid"])["blocks.11"]


def test_queries_are_drawn_at_the_selected_epoch(many: Run) -> None:
    query = drawn(many)["kernels-last"]["data"][-1]
    assert query["x"] == [max(record["epoch"] for record in many.records() if record["kept"]) + 1]
    assert query["y"] == many.table("kernels").filter(set="query", kind="target", layer="blocks.11")["debiased"].round(4).to_list()


def test_undefined_is_a_gap_with_its_reason_and_never_0(many: Run) -> None:
    line = lines(drawn(many)["kernels-valid"])["blocks.1"]
    assert None not in line[:3]
    assert set(line[3:]) == {None}
    text = read(many)
    assert "Validation, after epochs 3 to 30: undefined, because layer blocks.1 cannot be compared: it is 0 for all inputs." in text
    row = re.search(r'<tr><th scope="row"><bdi>blocks.1</bdi></th>(.*?)</tr>', page.page(many), re.DOTALL)
    assert row
    assert row[1].count("–</span>") == 4
    assert "0.000" not in row[1]


def test_last_values_are_in_the_text(many: Run) -> None:
    text, last = read(many), many.table("kernels").filter(kind="target", layer="blocks.11")
    for which in ("train", "valid"):
        for epoch in (0, 30):
            assert words.number(last.filter(set=which, epoch=epoch)["debiased"].item()) in text


def test_layers_with_layers_is_symmetric_with_gaps(many: Run) -> None:
    (cells,) = drawn(many)["kernels-layers"]["data"]
    assert cells["z"] == [list(column) for column in zip(*cells["z"], strict=True)]
    assert cells["z"][2][2] == 1
    assert cells["z"][2][4] == pytest.approx(0.9**2)
    assert cells["z"][1][4] is None
    assert cells["z"][1][1] is None
    assert cells["text"][1][4] == ""


def test_a_run_in_progress_shows_its_records(failed: Run) -> None:
    figures = drawn(failed)
    assert figures["kernels-valid"]["data"][0]["x"] == [0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert "queries" not in lines(figures["kernels-last"])
    assert "kernels-layers" not in figures
    assert "Queries" not in read(failed)


def test_without_readings_there_is_no_section(few: Run, unbegun: Run) -> None:
    for run in (few, unbegun):
        assert 'href="#kernels"' not in page.page(run)
        assert not [name for name in drawn(run) if name.startswith("kernels")]


def test_a_line_has_a_limited_number_of_points() -> None:
    found = Readings([row for step in range(2001) for row in readings(step / 1000, 1)])
    assert len(found.epochs) == 2001
    assert len(found.over("target", "train", "blocks.0")) == len(found.shown) == 500
    assert (found.shown[0], found.shown[-1]) == (0, 2)


@pytest.mark.parametrize("layers", [1, 2, 3, 40])
def test_colours_go_from_the_first_layer_to_the_last(layers: int) -> None:
    found = Readings([row for epoch in (0.0, 1.0) for row in readings(epoch, layers)])
    depths = [int(kernels.depth(found, layer).removeprefix("depth-")) for layer in found.layers]
    assert depths == sorted(depths)
    assert depths[-1] == kernels.DEPTHS
    assert depths[0] == (1 if layers > 1 else kernels.DEPTHS)
    assert ("kernels-valid" in kernels.figures(found, Epochs([], {}, False))) == (layers > 1)
