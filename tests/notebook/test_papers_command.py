"""`scratchlab papers`, and papers as a source of events."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from scratchlab.checks import Problem
from scratchlab.cli import app
from scratchlab.notebook.index import refresh, table
from scratchlab.notebook.index.sources.papers import Papers
from scratchlab.notebook.papers.engines import catalog
from scratchlab.notebook.papers.engines.interface import Line
from scratchlab.notebook.settings import Settings, settings

Image = pytest.importorskip("PIL.Image", reason="needs the extra 'papers'")


class Words:
    """An engine that reads the same words on every page."""

    name, reads = "words-1", ("English",)

    def lines(self, picture: Image.Image) -> list[Line]:
        return [Line("freeze the encoder", (5, 5, 90, 20), 0.7)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path / "own"))
    monkeypatch.setattr(catalog, "ENGINES", {"words": Words})
    (tmp_path / "scans" / ".hidden").mkdir(parents=True)
    Image.new("RGB", (100, 50), "white").save(tmp_path / "scans" / "a.jpg")
    Image.new("RGB", (100, 50), "red").save(tmp_path / "scans" / ".hidden" / "b.jpg")
    return tmp_path / "scans"


def said(*words: str) -> str:
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_papers_are_read_once_and_then_found(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF nothing")
    source = Papers(Settings(papers=(folder,)))
    assert [Path(key).name for key, _ in source.stamps({})] == ["broken.pdf"]  # a picture nobody has read says nothing
    first = said("papers", str(folder))
    assert "a.jpg" in first
    assert "freeze the encoder" in first
    assert "2 papers with 1 picture to read: 1 read now, 0 before. words-1 reads English." in first
    assert f"Not read: {folder / 'broken.pdf'} is not a readable PDF" in first.replace("\n", " ")
    assert "0 read now, 1 before" in said("papers", str(folder))
    base = table.opened(tmp_path / "index.sqlite")
    changes = refresh.refresh(base, {"papers": source})
    assert (changes.read, [key for key, _ in changes.refused]) == (1, [str(folder / "broken.pdf")])
    (row,) = base.execute(f"SELECT {table.COLUMNS} FROM events").fetchall()
    event = table.event_of(row)
    assert (event.kind, event.text, event.project) == ("paper", "freeze the encoder", "scans")
    assert event.place.detail == "the region 5,5 to 90,20, hardly legible"
    assert refresh.refresh(base, {"papers": source}).kept == 1
    base.close()


def test_pictures_of_projects_are_data(folder: Path) -> None:
    assert list(Papers(Settings(projects=(folder,))).files({})) == []
    assert [path.name for path, _ in Papers(Settings(projects=(folder,), vault=(folder,))).files({})] == ["a.jpg"]


def test_the_settings_name_folders_of_papers(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "notebook.toml"
    file.write_text('papers = "scans"\n', encoding="utf-8")
    assert settings(file).papers == (folder,)
    file.write_text('papers = ["scans", "gone"]\n', encoding="utf-8")
    with pytest.raises(Problem, match=r"papers names .*gone, which does not exist; create it or remove it$"):
        settings(file)


def test_a_folder_that_is_not_there_is_told_of(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"nowhere is not a folder; give a folder of photographs or PDFs\.$"):
        said("papers", str(tmp_path / "nowhere"))
    with pytest.raises(Problem, match=r"^No folder of papers is given; give one here, or in notebook\.toml"):
        said("papers")
