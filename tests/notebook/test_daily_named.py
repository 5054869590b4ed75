"""`scratchlab show`: which notes mention a run, and what its own note mentions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.made_results import made_result
from typer.testing import CliRunner

from scratchlab.cli import app
from scratchlab.store.run import Run

ACCURACY = {"value": 0.98, "low": None, "high": None, "how": "one query"}
METRICS = ("accuracy", "balanced", "base", "new", "harmonic")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two runs, and a vault that mentions one of them."""
    for name, why in (("digits-0123abcd", "as [[diary]] says, better than digits-89abcdef?"), ("digits-89abcdef", "")):
        folder = tmp_path / "kws" / "runs" / name
        folder.mkdir(parents=True)
        told = {"state": "finished", "recipe": "digits", "key": name[-8:], "created": "2026-03-01T20:00:00+00:00"}
        (folder / "status.json").write_text(json.dumps(told))
        Run(folder).save_result(made_result((0.9,)))
        (folder / "recipe.toml").write_text("seed = 0\n")
        if why:
            (folder / "note.md").write_text(why)
    (tmp_path / "kws" / "README.md").write_text("# Keywords\n\nThe best is 0123abcd.\n")
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "diary.md").write_text("# 2026-03-02\n- digits-0123abcd gave up\n- nothing\n")
    (tmp_path / "notebook.toml").write_text('vault = "vault"\nruns = "kws/runs"\nprojects = "kws"\n')
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def show(run: str) -> str:
    return CliRunner().invoke(app, ["show", run, "--runs", "kws/runs"], catch_exceptions=False).output


def test_both_ways(lab: Path) -> None:
    notes, named = show("0123abcd").split("Notes that mention this run")[1].split("Mentioned in its own note")
    assert [line.split()[-1] for line in notes.splitlines() if ".md:" in line] == ["kws/README.md:3", "vault/diary.md:2"]
    assert "digits-0123abcd gave up" in notes
    assert "digits-89abcdef" in named
    assert "vault/diary.md" in named
    assert "recipe.toml" not in notes + named
    other = show("89abcdef")
    assert "kws/runs/digits-0123abcd/note.md:1" in other
    assert "Mentioned in its own note" not in other


def test_without_a_vault_nothing_is_read(lab: Path) -> None:
    (lab / "notebook.toml").write_text("")
    assert "Notes" not in show("0123abcd")
    assert not (lab / "index.sqlite").exists()


def test_what_goes_wrong_leaves_the_tables(lab: Path) -> None:
    (lab / "notebook.toml").write_text("valt = 1")
    said = show("0123abcd")
    assert "Final accuracy" in said
    assert "The notes could not be searched: " in said
