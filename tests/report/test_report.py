"""The report: consistent with the run's folder, self-contained, and readable on a screen, a phone and paper."""

from __future__ import annotations

import html
import json
import re
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.report import browser
from tests.report.conftest import recipe

from scratchlab.analysis.confusion import confusions
from scratchlab.report import words
from scratchlab.report.epochs import Epochs
from scratchlab.report.run import figures, page
from scratchlab.result import Result
from scratchlab.store.run import Run

RUNS = ("many", "few", "closed", "failed", "unbegun")


def read(run: Run) -> str:
    """The page as text, without its scripts."""
    text = re.sub(r"<(script|style)\b.*?</\1>", "", page.page(run), flags=re.DOTALL)
    return re.sub(r"[ \n]+", " ", html.unescape(re.sub(r"<[^>]+>", "", text.replace("</td>", " ").replace("</th>", " "))))


# -- content ---------------------------------------------------------------------------------------------


def result_of(run: Run) -> Result:
    found = run.result()
    assert found
    return found


@pytest.mark.parametrize("name", ["many", "few", "closed"])
def test_the_headline_is_the_results(name: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(name)
    headline = re.search(r'<p class="headline">(.*?)</p>', page.page(run), re.DOTALL)
    assert headline
    text = re.sub(r"<[^>]+>", "", html.unescape(headline[1]))
    assert text == result_of(run).headline
    assert str(result_of(run).head.headline) in text


@pytest.mark.parametrize("name", ["many", "few", "closed"])
def test_the_snippet_computes_the_headline_exactly(name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    run: Run = request.getfixturevalue(name)
    shown = re.search(r'<code id="snippet">(.*?)</code>', page.page(run), re.DOTALL)
    assert shown
    monkeypatch.chdir(run.folder)
    found: dict[str, Any] = {}
    exec(html.unescape(shown[1]), found)
    assert found["headline"] == result_of(run).head.headline


def test_every_number_of_every_head_is_there(many: Run) -> None:
    text = read(many)
    for one in result_of(many).estimates:
        assert one.value is None or words.percent(one.value) in text
        assert words.interval(one) in text
    assert "Undefined, because the base session has no new classes." in text


def test_undefined_is_a_mark_with_its_reason_never_a_number(few: Run) -> None:
    row = re.search(r'<tr><th scope="row" data-label="Session">0</th>(.*?)</tr>', page.page(few), re.DOTALL)
    assert row
    cells = [re.sub(r"<[^>]+>|\s", "", cell) for cell in re.split("<td[^>]*>", row[1])[1:]]
    assert cells[-2:] == ["–1", "–1"]
    assert "0.0" not in "".join(cells[-2:])
    assert "One draw; an interval is undefined, because one draw has no spread." in read(few)


def test_the_worst_pairs_are_counted_from_the_units(many: Run) -> None:
    table, text = many.table("units"), read(many)
    for one in confusions(result_of(many)):
        assert one.counts.sum() == len(table.filter(session=5, head=one.head))
        pairs = one.pairs()
        for pair in pairs:
            own = table.filter(session=5, head=one.head, truth=pair.truth)
            assert (pair.count, pair.total) == (len(own.filter(answer=pair.answer)), len(own))
        assert pairs == sorted(pairs, key=lambda pair: -pair.count / pair.total)
        worst = pairs[0]
        assert f"{worst.truth} → {worst.answer} {worst.count} of {worst.total} {words.percent(worst.count / worst.total)}" in text
        fractions = [recall.fraction for recall in one.recalls().values()]
        assert fractions == sorted(fractions)


def test_the_selected_epoch_is_the_last_that_was_kept() -> None:
    records = [{"epoch": i, "kept": kept} for i, kept in enumerate([True, True, False, True, False])]
    assert Epochs(records, {"select": "loss"}, True).chosen == records[3]
    assert Epochs(records, {"select": "loss"}, False).chosen is None


def in_phases(*lengths: tuple[str, int]) -> list[dict[str, Any]]:
    """Records of a training in phases, of which only those named "choosing" select an epoch."""
    names = [name for name, length in lengths for _ in range(length)]
    return [{"epoch": i, "phase": name, "selects": name == "choosing", "kept": i != 1} for i, name in enumerate(names)]


def test_phases_are_counted_together_and_named_where_they_begin() -> None:
    epochs = Epochs(in_phases(("choosing", 2), ("last", 3)), {"select": "loss"}, True, 5)
    assert [(one.name, one.first, one.epochs) for one in epochs.phases] == [("choosing", 1, 2), ("last", 3, 3)]
    assert epochs.in_phases == "choosing 2, last 3"
    assert epochs.reason == "the last, because the phase last keeps its last weights"
    drawn = figures.marked(epochs, "top")
    assert [(one["text"], one["x"]) for one in drawn["annotations"]] == [("epoch 5, selected", 5), ("choosing", 0.6), ("last", 2.5)]
    assert len(drawn["shapes"]) == 3


def test_names_of_short_phases_do_not_overlap() -> None:
    def heights(*lengths: int) -> list[int]:
        epochs = Epochs(
            in_phases(*(("last", length) if place % 2 else ("choosing", length) for place, length in enumerate(lengths))), {}, False
        )
        return [one["yshift"] for one in figures.marked(epochs, "")["annotations"]]

    assert heights(5, 5) == [0, 0]
    assert heights(2, 28) == [0, figures.ROW]


def test_a_page_of_phases_names_them(many: Run, tmp_path: Path) -> None:
    run = Run.create(tmp_path, recipe("phases", 20))
    with run.writing():
        for record, own in zip(many.records(), in_phases(("choosing", 2), ("last", 3)), strict=False):
            run.append(record | own)
    text = read(run)
    assert "5 choosing 2, last 3" in text
    assert "Epoch Phase Training loss" in text
    assert re.search(r"\b3 last \d", text)
    assert "of 20" not in text


def test_a_training_of_one_phase_names_none() -> None:
    epochs = Epochs([{"epoch": 0, "kept": True}], {"select": "loss"}, False)
    assert epochs.phases == []
    assert figures.marked(epochs, "top") == {}


def test_the_number_of_epochs_comes_from_the_training_not_from_the_recipe(failed: Run) -> None:
    """A method's own phases are longer than training.epochs."""
    assert Epochs.of(failed).expected == 30
    status = failed.status
    try:
        failed.set_epochs(130)
        assert "This run failed after 3 of 130 epochs." in read(failed)
        failed.save_json("status", {name: value for name, value in status.items() if name != "epochs"})
        assert "This run failed after 3 epochs." in read(failed)
    finally:
        failed.save_json("status", status)


def test_a_failed_run_is_reported_with_what_exists(failed: Run, unbegun: Run) -> None:
    text = read(failed)
    assert "This run failed after 3 of 30 epochs." in text
    assert "First <NaN> in body.blocks.3; lower training.rate." in text
    assert 'data-figure="losses"' in page.page(failed)
    assert 'class="kept"' not in page.page(failed)
    assert "This run has not begun." in read(unbegun)
    assert "<figure" not in page.page(unbegun)


def test_settings_and_environment_are_complete(many: Run) -> None:
    text = read(many)
    for setting in ("rates.readout 0.05", "noise.snr 0, 15", "temperature 16", "nesterov yes", "select loss"):
        assert setting in text
    assert many.json("environment")["python"] in text


# -- self-contained and safe -------------------------------------------------------------------------------


def test_text_from_data_stays_text(many: Run) -> None:
    source = page.page(many)
    assert "<script>alert" not in source
    assert "<em>keywords" not in source
    assert source.count("<script") == source.count("</script>") == 3
    figures = re.search(r'<script type="application/json" id="figures">(.*?)</script>', source, re.DOTALL)
    assert figures
    assert "&lt;script&gt;alert(" in json.dumps(json.loads(figures[1]))  # Plotly interprets some HTML, so it must get none
    for name in ("يمين", "左に曲がれ", "a rather long phrase & more"):
        assert name in html.unescape(source)


@pytest.mark.parametrize("name", RUNS)
def test_the_page_is_small_ordered_and_self_contained(name: str, request: pytest.FixtureRequest) -> None:
    source = page.page(request.getfixturevalue(name))
    shown = re.sub(r"<(script|style)\b.*?</\1>", "", source, flags=re.DOTALL)
    assert len(source) < 3_000_000
    assert not re.search(r'(src|href)="(?!#|data:,)', shown)
    levels = [int(level) for level in re.findall(r"<h([1-6])", shown)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = re.findall(r'\bid="([^"]+)"', shown)
    assert len(ids) == len(set(ids))
    assert all(target in ids for target in re.findall(r'href="#([^"]+)"', shown))


def test_write_leaves_the_page_in_the_folder(few: Run) -> None:
    path = page.write(few)
    assert path == few.folder / "report.html"
    assert path.read_text(encoding="utf-8") == page.page(few)


# -- in a browser -----------------------------------------------------------------------------------------


def opened(chromium: Any, run: Run, width: int = 1280, **more: Any) -> AbstractContextManager[Any]:
    """A run's page."""
    return browser.opened(chromium, page.write(run), width, **more)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("width", [1280, 375])
def test_it_opens_from_disk_and_fits(chromium: Any, name: str, width: int, request: pytest.FixtureRequest) -> None:
    with opened(chromium, request.getfixturevalue(name), width) as tab:
        plots = tab.locator("[data-figure]").count()
        assert plots == {"many": 14, "few": 8, "closed": 6, "failed": 8, "unbegun": 0}[name]
        assert tab.locator("[data-figure] svg g.subplot.xy").count() == plots
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_both_schemes_by_system_and_by_button(chromium: Any, closed: Run) -> None:
    colours = "[document.body, document.querySelector('[data-figure] .xtick text')].map((e) => getComputedStyle(e))"
    look = f"{colours}.map((style) => style.backgroundColor + style.fill).join()"
    with opened(chromium, closed, color_scheme="light") as light, opened(chromium, closed, color_scheme="dark") as dark:
        bright, dim = light.evaluate(look), dark.evaluate(look)
        assert bright.split(",")[0] != dim.split(",")[0]
        light.get_by_role("button", name="Switch to the dark scheme").click()
        assert light.evaluate(look) == dim
        light.get_by_role("button", name="Switch to the light scheme").click()
        assert light.evaluate(look) == bright


def test_on_paper_it_is_light_and_fits_the_sheet(chromium: Any, many: Run) -> None:
    with opened(chromium, many, 680, color_scheme="dark") as tab:
        tab.emulate_media(media="print")
        tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 680  # 178 mm at 96 dots an inch
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 250, 247)"


def test_without_javascript_the_tables_have_all_numbers(chromium: Any, many: Run) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(page.write(many).as_uri())
    assert tab.locator("[data-figure]").first.is_hidden()
    assert tab.locator("table.contexts").count() == 2
    assert tab.get_by_text("The charts need JavaScript").is_visible()
    context.close()
