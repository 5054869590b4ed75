"""Generated pages: their content, and that the user's text in them is safe."""

from __future__ import annotations

import json
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.made_results import made_result

from scratchlab.checks import Problem
from scratchlab.cli.writing import update_notes
from scratchlab.notebook import settings as of_notebook
from scratchlab.notebook.writing import disk, own_pages
from scratchlab.notebook.writing.diary import Diary, home
from scratchlab.notebook.writing.markdown import filed, table
from scratchlab.notebook.writing.own_pages import MARK
from scratchlab.notebook.writing.svg import Point, chart, ticks
from scratchlab.recipe import Recipe
from scratchlab.store.run import Run

DAY = date(2026, 3, 14)


@pytest.fixture
def utc() -> Iterator[None]:
    """Temporarily sets the local time zone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, utc: None) -> Path:
    """A vault named in notebook.toml."""
    (tmp_path / "vault").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "notebook.toml").write_text('vault = ["../vault"]')
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path / "own"))
    return tmp_path / "vault"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Run]:
    """Makes a run's folder as if it was trained at that time."""

    def made(
        seed: int = 0,
        *,
        note: str = "",
        state: str = "finished",
        begun: str = "2026-03-14T09:00:00+00:00",
        ended: str = "2026-03-14T09:10:00+00:00",
        last: float | None = 0.85,
        runs: str = "runs",
        **changed: Any,
    ) -> Run:
        found = Run.create(tmp_path / runs, Recipe("digits", seed, {"training": {"epochs": 2}}), "Digits", note=note, changed=changed)
        status = json.loads((found.folder / "status.json").read_text()) | {"state": state, "created": begun, "heartbeat": ended}
        (found.folder / "status.json").write_text(json.dumps(status))
        for epoch in range(2):
            found.append({"epoch": epoch, "loss": 1.0 / (epoch + 1), "valid_loss": 0.5, "valid_accuracy": 0.9, "kept": True})
        if state == "finished":
            found.save_result(made_result((0.98, last)))
        return found

    return made


def diary(vault: Path) -> Diary:
    said, own = of_notebook.settings(), of_notebook.own()
    return Diary(home(said, own), own, [vault.parent / "runs"])


def test_a_run_has_a_searchable_note(vault: Path, run: Callable[..., Run]) -> None:
    earlier = run(1, begun="2026-03-13T23:55:00+00:00", ended="2026-03-14T00:05:00+00:00")
    one = run(0, note='is it "the warmup"?\n# no heading', **{"training.epochs": 2, "encoder.width": None})
    diary(vault).of_day(DAY)
    text = (vault / "scratchlab" / "runs" / f"{one.folder.name}.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["date"] == DAY
    assert (front["run"], front["recipe"], front["state"]) == (one.folder.name, "digits", "finished")
    assert front["note"] == 'is it "the warmup"? # no heading'
    assert (front["metric"], front["value"]) == ("final_accuracy", 0.85)
    assert front["headline"] == "cosine head: 98.0% [97.0%, 99.0%] on 6 base classes, 85.0% [84.0%, 86.0%] on all 8 after session 1"
    assert "> # no heading\n" in text
    assert "| `training.epochs` | `2` |" in text
    assert "| `encoder.width` | not set |" in text
    assert f"- [[scratchlab/runs/{earlier.folder.name}|{earlier.folder.name}]], 2026-03-13" in text
    for target in [*own_links(text)]:
        assert (vault / target).exists() or (vault / f"{target}.md").exists(), target


def own_links(text: str) -> list[str]:
    return [part.partition("]]")[0].partition("|")[0] for part in text.split("[[")[1:]]


def test_a_day_has_all_runs_that_began_or_ended_on_it(vault: Path, run: Callable[..., Run]) -> None:
    begun = run(1, begun="2026-03-14T23:55:00+00:00", ended="2026-03-15T00:05:00+00:00")
    ended = run(2, begun="2026-03-13T23:55:00+00:00", ended="2026-03-14T00:05:00+00:00", last=None)
    failed = run(3, state="failed", note="why not")
    other = run(4, begun="2026-03-15T10:00:00+00:00", ended="2026-03-15T10:01:00+00:00")
    *_, page = diary(vault).of_day(DAY, ["`train.py` on gpu1, 3 h"])
    text = page.path.read_text().replace("\u202f", " ")
    places = [text.index(one.folder.name) for one in (ended, failed, begun)]
    assert places == sorted(places)
    assert other.folder.name not in text
    assert "23:55–2026-03-15 00:05, 10 min" in text
    assert "2026-03-13 23:55–00:05, 10 min" in text  # the end is on this day, the beginning is not
    assert "undefined, because there is no answer on all 8 after session 1" in text
    assert "> why not\n\n**failed**: This run failed after 2 of 2 epochs." in text
    assert "## Jobs\n\n- `train.py` on gpu1, 3 h\n" in text
    again = diary(vault).of_run(failed)[-1]
    assert (again.became, again.path) == ("unchanged", page.path)  # the jobs that were handed in stay


def test_a_short_run_has_one_time_and_no_page_has_two_blank_lines(vault: Path, run: Callable[..., Run]) -> None:
    run(1, begun="2026-03-14T08:00:00+00:00", ended="2026-03-14T08:00:18+00:00")
    run(2, begun="2026-03-14T09:00:00+00:00", ended="2026-03-14T09:00:18+00:00")
    pages = [page.path.read_text() for page in diary(vault).of_day(DAY)]
    assert any("\n2026-03-14 08:00, 18 s, seed 1." in page for page in pages)
    assert "\n08:00, 18 s, recipe" in pages[-1]
    assert not [page for page in pages if "\n\n\n" in page]


def test_a_run_made_elsewhere_stays_on_its_days_page(vault: Path, run: Callable[..., Run]) -> None:
    """Runs of the same name in two projects have separate notes."""
    here, elsewhere = run(0), run(0, runs="elsewhere", begun="2026-03-14T09:30:00+00:00")
    said, own = of_notebook.settings(), of_notebook.own()
    Diary(home(said, own), own, [elsewhere.folder.parent]).of_run(elsewhere)
    text = diary(vault).of_day(DAY)[-1].path.read_text()
    assert text.count("### [[") == 2
    assert len(list((vault / "scratchlab" / "runs").glob(f"{here.folder.name}*.md"))) == 2


@given(st.binary(max_size=60), st.sampled_from([b"", b"\n", b"\r\n", b"  \n"]))
@settings(max_examples=80)
def test_text_below_the_line_is_kept_byte_for_byte(words: bytes, end: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.md"
        own_pages.write(page, "# one\n")
        above = page.read_bytes()[:-1]
        page.write_bytes(above + end + (words if end else b""))
        assert own_pages.write(page, "# two\n").became == "written"
        now = page.read_bytes()
        assert now.startswith(b"# two\n")
        assert now.partition(MARK)[2] == end + (words if end else b"")


@pytest.mark.parametrize("edit", [lambda old: old.replace(b"# one", b"# One"), lambda old: old.replace(MARK, b""), lambda _: b"mine\n"])
def test_a_page_edited_above_the_line_is_left_and_the_change_is_shown(tmp_path: Path, edit: Callable[[bytes], bytes]) -> None:
    page = tmp_path / "page.md"
    own_pages.write(page, "# one\n")
    page.write_bytes(edited := edit(page.read_bytes()))
    found = own_pages.write(page, "# two\n")
    assert found.became == "edited"
    assert "+# two" in found.shown
    assert page.read_bytes() == edited


@pytest.mark.parametrize("again", [lambda _: b"", lambda old: old[old.index(MARK) :], lambda old: old.replace(b"\n", b"\r\n")])
def test_a_page_without_its_upper_part_or_with_other_line_ends_is_updated(tmp_path: Path, again: Callable[[bytes], bytes]) -> None:
    page = tmp_path / "page.md"
    own_pages.write(page, "# one\n")
    page.write_bytes(again(page.read_bytes()))
    assert own_pages.write(page, "# two\n").became == "written"
    assert page.read_bytes().startswith(b"# two\n")


def test_text_saved_during_an_update_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, real, left = tmp_path / "page.md", disk.exchange_names, [1]
    own_pages.write(page, "# one\n")

    def trade(one: Path, other: Path) -> bool:
        if left and left.pop():
            (tmp_path / "theirs").write_bytes(page.read_bytes() + b"my words\n")
            (tmp_path / "theirs").rename(page)
        return real(one, other)

    monkeypatch.setattr(disk, "exchange_names", trade)
    assert own_pages.write(page, "# two\n").became == "written"
    assert page.read_bytes().startswith(b"# two\n")
    assert page.read_bytes().endswith(MARK + b"\nmy words\n")


def test_runs_that_end_at_once_are_all_on_the_page(vault: Path, run: Callable[..., Run]) -> None:
    runs = [run(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: diary(vault).of_run(one), runs))
    text = (vault / "scratchlab" / "days" / f"{DAY}.md").read_text()
    assert all(one.folder.name in text for one in runs)
    assert len(list((vault / "scratchlab" / "runs").glob("*.md"))) == 8


def test_write_errors_are_sentences_and_harmless(
    vault: Path, run: Callable[..., Run], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (vault / "scratchlab").write_text("a file, where a folder is to be")
    update_notes(run())
    assert "The run is complete, but its note could not be written" in capsys.readouterr().out
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(vault / "nothing"))
    update_notes(run(1))
    assert capsys.readouterr().out == ""  # no vault, no word
    with pytest.raises(Problem, match="sets no vault"):
        home(of_notebook.settings(), of_notebook.own())


def test_an_edited_page_is_reported_after_a_run(vault: Path, run: Callable[..., Run], capsys: pytest.CaptureFixture[str]) -> None:
    one = run(note="first")
    update_notes(one)
    page = vault / "scratchlab" / "runs" / f"{one.folder.name}.md"
    page.write_text(page.read_text().replace("first", "mine"))
    one.annotate("second")
    update_notes(one)
    assert f"{page} was edited above the line" in capsys.readouterr().out
    assert "mine" in page.read_text()


def test_charts_are_valid_and_their_points_inside(vault: Path, run: Callable[..., Run]) -> None:
    diary(vault).of_run(run())
    pictures = sorted((vault / "scratchlab" / "plots").glob("*.svg"))
    assert [path.stem.rpartition("-")[2] for path in pictures] == ["accuracy", "contexts", "loss"]
    for path in pictures:
        root = ET.fromstring(path.read_text())
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for one in root.iter("{http://www.w3.org/2000/svg}circle"):
            assert 0 < float(one.attrib["cx"]) < width
            assert 0 < float(one.attrib["cy"]) < height
        assert "prefers-color-scheme: dark" in path.read_text()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
@example([5e-324])
@example([0.0, 5e-324])
@example([1e6, 1e6 + 1e-10])
@settings(max_examples=100)
def test_charts_of_any_values(values: list[float]) -> None:
    steps = ticks(min(values), max(values))
    close = 1e-6 * (steps[-1] - steps[0])
    assert steps[0] - close <= min(values)
    assert max(values) <= steps[-1] + close
    assert 2 <= len(steps) <= 7
    ET.fromstring(chart("<&>", {'a"<b': [Point(x, y) for x, y in enumerate(values)]}, "epoch"))


def test_names_with_characters_not_allowed_in_links() -> None:
    assert filed("a/b#c^d|e[f]:g") == "a-b-c-d-e-f--g"
    assert table(("run",), [("[[a|b]]",)])[-1] == "| [[a\\|b]] |"


def test_many_lines_differ_in_style_and_all_names_fit() -> None:
    names = [f"untrained.similarity_{number}" for number in range(8)]
    picture = chart("Accuracy", {name: [Point(0, 0.1 * number), Point(1, 0.5)] for number, name in enumerate(names)}, "session")
    looks = re.findall(r'<polyline class="line" stroke="([^"]+)" stroke-dasharray="([^"]+)"', picture)
    assert len({colour for colour, _ in looks}) == len({dash for _, dash in looks}) == 8
    for colour, _ in looks:
        assert picture.count(f"--{colour[6:-1]}:") == 2  # in light and in dark
    for name in names:
        place = re.search(rf'<text x="(\d+)" y="[\d.]+">{name}</text>', picture)
        assert place
        assert int(place[1]) + 6 * len(name) < 640
