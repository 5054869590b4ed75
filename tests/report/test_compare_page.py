"""The page of a comparison: self-contained, consistent with the comparison, readable on any width, with playable audio."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.report import browser
from tests.report.compared import MELODIES, answered

from scratchlab.analysis.compared import compared_run
from scratchlab.analysis.comparison import Comparison, compare
from scratchlab.pipeline import SECTIONS
from scratchlab.report import words
from scratchlab.report.compare import page

KINDS = ("sound", "heads", "closed", "gone")
CLOSED: dict[str, Any] = {"data": MELODIES["data"], "protocol": {"name": "closed_set", "test": 0.5}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def sound(runs: Path) -> Comparison:
    """Two runs of melodies."""
    a, b = (answered(runs, {"cosine": clear, "cosine+dtw": 3.0}, answer_seed=answer_seed) for clear, answer_seed in ((1.5, 0), (2.5, 1)))
    return compare(compared_run(runs, a.folder.name), compared_run(runs, b.folder.name), SECTIONS, 4)


@pytest.fixture(scope="module")
def heads(runs: Path, sound: Comparison) -> Comparison:
    """Two heads of one run."""
    name = sound.a.run.folder.name
    return compare(compared_run(runs, name), compared_run(runs, f"{name}:cosine+dtw"), SECTIONS, 2)


@pytest.fixture(scope="module")
def closed(runs: Path) -> Comparison:
    """No session after the base."""
    a, b = (answered(runs, {"cosine": clear}, CLOSED, answer_seed=answer_seed) for clear, answer_seed in ((1.5, 0), (2.5, 1)))
    return compare(compared_run(runs, a.folder.name), compared_run(runs, b.folder.name), SECTIONS, 2)


@pytest.fixture(scope="module")
def gone(runs: Path, tmp_path_factory: pytest.TempPathFactory, record: Callable[..., Path]) -> Comparison:
    """Two runs of recordings that have been deleted since."""
    folder = tmp_path_factory.mktemp("words")
    for word in ("left", "right"):
        for number in range(24):
            record(folder / word / f"{number}.wav")
    raw = {"data": {"name": "audio_folder", "root": str(folder)}, "protocol": CLOSED["protocol"]}
    a, b = (answered(runs, {"cosine": 0.5}, raw, answer_seed=answer_seed) for answer_seed in (0, 1))
    shutil.rmtree(folder)
    return compare(compared_run(runs, a.folder.name), compared_run(runs, b.folder.name), SECTIONS, 2)


def read(found: Comparison) -> str:
    """The page as text, without its scripts."""
    text = re.sub(r"<(script|style)\b.*?</\1>", "", page.page(found), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", text.replace("</td>", " ").replace("</th>", " "))))


@pytest.mark.parametrize("name", KINDS)
def test_every_number_of_every_context_is_there(name: str, request: pytest.FixtureRequest) -> None:
    found: Comparison = request.getfixturevalue(name)
    text = read(found).replace(words.THIN, " ")
    for _, tests in found.tests:
        for one in tests:
            assert one.a is not None
            assert one.b is not None
            assert f"{words.percent(one.a)} {words.percent(one.b)}".replace(words.THIN, " ") in text
            counts = f"{one.better_a} {one.better_b} {one.equal}"
            if (
                one.draws or found.units.independent != found.units.layout.unit
            ):  # otherwise the independent units are the units just counted
                counts += f" {one.test.first}, {one.test.second} of {one.test.units}"
            assert counts in text
    assert "nan" not in text.lower().split()
    assert "None" not in text


def test_what_is_undefined_says_why(closed: Comparison, sound: Comparison) -> None:
    assert "95 % over draws" not in read(closed)
    assert "session" not in read(closed)
    assert "there are no draws" not in read(sound)


def test_missing_data_are_reported(gone: Comparison) -> None:
    text = read(gone)
    assert "The queries cannot be shown, because their data could not be read again: data.root = " in text
    assert "data:image" not in page.page(gone)
    assert any(flip.id in text for side in gone.flips for flip in side)


@pytest.mark.parametrize("name", KINDS)
def test_the_page_is_small_ordered_safe_and_self_contained(name: str, request: pytest.FixtureRequest) -> None:
    source = page.page(request.getfixturevalue(name))
    shown = re.sub(r"<(script|style)\b.*?</\1>", "", source, flags=re.DOTALL)
    assert len(source) < 3_500_000
    assert "<b>and</b>" not in shown
    assert not re.search(r'(src|href)="(?!#|data:)', shown)
    levels = [int(level) for level in re.findall(r"<h([1-6])", shown)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = re.findall(r'\bid="([^"]+)"', shown)
    assert len(ids) == len(set(ids))
    assert all(target in ids for target in re.findall(r'href="#([^"]+)"', shown))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("width", [1280, 375])
def test_it_opens_from_disk_and_fits(chromium: Any, name: str, width: int, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    found: Comparison = request.getfixturevalue(name)
    with browser.opened(chromium, page.write(found, tmp_path / "page.html"), width) as tab:
        plots = tab.locator("[data-figure]").count()
        assert plots == {"sound": 4, "heads": 3, "closed": 3, "gone": 3}[name]
        assert tab.locator("[data-figure] svg g.subplot.xy").count() == plots
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def durations(chromium: Any, found: Comparison, path: Path) -> list[float]:
    """Seconds of every recording on the page, once the browser has decoded it; and every picture has a size."""
    with browser.opened(chromium, page.write(found, path)) as tab:
        ready = "[...document.querySelectorAll('audio')].every((one) => one.readyState >= 2 || one.error)"
        tab.wait_for_function(ready)
        assert tab.evaluate("[...document.querySelectorAll('audio')].map((one) => one.error)") == [None] * tab.locator("audio").count()
        assert tab.evaluate("[...document.images].every((one) => one.complete && one.naturalWidth > 10)")
        return tab.evaluate("[...document.querySelectorAll('audio')].map((one) => one.duration)")


def test_melodies_can_be_durations(chromium: Any, sound: Comparison, tmp_path: Path) -> None:
    assert durations(chromium, sound, tmp_path / "page.html") == pytest.approx([0.3] * 8, abs=0.01)


def test_spoken_digits_can_be_durations(chromium: Any, real_data: Callable[[str], Path], tmp_path: Path) -> None:
    raw = {"data": {"name": "fsdd", "root": str(real_data("fsdd"))}, "protocol": {**MELODIES["protocol"], "test": 0.25}}
    a, b = (answered(tmp_path, {"cosine": 2.0}, raw, answer_seed=answer_seed) for answer_seed in (0, 1))
    found = compare(compared_run(tmp_path, a.folder.name), compared_run(tmp_path, b.folder.name), SECTIONS, 3)
    seconds = durations(chromium, found, tmp_path / "page.html")
    assert len(seconds) == 6
    assert all(0.1 < one < 3 for one in seconds)
