"""A project's layout in the vault: only relevant entries, never overwriting notes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from scratchlab.checks import Problem
from scratchlab.cli import app
from scratchlab.notebook.writing import layout, tree
from scratchlab.notebook.writing.backups import Backups


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a bit of everything."""
    files = {
        "README.md": "# Keywords",
        "recipes/digits.toml": '# what it shows\n[data]\nname = "mnist"\n',
        "pyproject.toml": "[project]\n",
        "src/train.py": "",
        ".gitignore": "runs/\n/scratch\n*.tmp\nold*/\n!older/\n",
        "runs/digits-1a2b/status.json": "{}",
        "runs/digits-1a2b/recipe.toml": "",
        "scratch/README.md": "",
        "old1/README.md": "",
        "older/README.md": "",
        "src/scratch/README.md": "",
        ".git/README.md": "",
        "node_modules/x/README.md": "",
        "mine/pyvenv.cfg": "",
        "mine/lib/README.md": "",
    }
    for name, text in files.items():
        (tmp_path / "kws" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "kws" / name).write_text(text)
    (tmp_path / "kws" / "link").symlink_to(tmp_path / "kws")
    return tmp_path / "kws"


def test_the_tree_is_mirrored(project: Path) -> None:
    found = {(one.path.as_posix(), one.kind) for one in tree.walk(project)}
    assert found == {
        (".", "folder"), ("README.md", "readme"), ("recipes", "folder"), ("recipes/digits.toml", "recipe"), ("src", "folder"),
        ("src/scratch", "folder"), ("src/scratch/README.md", "readme"), ("runs", "folder"), ("runs/digits-1a2b", "run"),
        ("older", "folder"), ("older/README.md", "readme"),
    }  # fmt: skip


def test_a_folder_of_data_is_left_out(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "data").mkdir()
    (project / "data" / "weights.bin").write_bytes(b"0" * 2000)
    monkeypatch.setattr(tree, "LARGE", 1000)
    assert "data" not in {one.path.as_posix() for one in tree.walk(project)}


def test_it_creates_and_never_overwrites(project: Path, tmp_path: Path) -> None:
    home, backups = tmp_path / "vault" / "scratchlab", Backups(tmp_path / "kept")
    mine = home / "projects" / "kws" / "src" / "src.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    plan = layout.plan_layout(project, home)
    assert (len(plan.new), plan.there, plan.cut) == (10, 1, False)
    plan.new[0].path.write_text("made meanwhile")
    assert layout.create_notes(plan, backups) == 9
    assert (mine.read_text(), plan.new[0].path.read_text()) == ("mine", "made meanwhile")
    recipe = (home / "projects" / "kws" / "recipes" / "digits.toml.md").read_text()
    assert "[[scratchlab/recipes/digits|digits]]" in recipe
    assert "In [[scratchlab/projects/kws/recipes/recipes|recipes]]." in recipe
    assert "> what it shows" in recipe
    assert "[[scratchlab/runs/digits-1a2b|digits-1a2b]]" in (home / "projects" / "kws" / "runs" / "digits-1a2b.md").read_text()
    again = layout.plan_layout(project, home)
    assert (len(again.new), again.there) == (0, 11)


def test_a_large_tree_is_truncated(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MOST", 4)
    plan = layout.plan_layout(project, tmp_path / "vault")
    assert (len(plan.new), plan.cut) == (4, True)


def test_invalid_projects_are_errors(project: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="is not a folder"):
        layout.plan_layout(project / "README.md", tmp_path / "vault")
    with pytest.raises(Problem, match="contains the vault itself"):
        layout.plan_layout(project, project / "notes" / "scratchlab")


def test_the_plan_equals_what_is_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for folders and projects whose notes would have the same name."""
    for folder in ("a/kws/x#1", "a/kws/x-1", "b/kws/x-1", "b/kws/y", "own", "vault"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "own" / "notebook.toml").write_text('vault = "../vault"\nprojects = ["../a/kws", "../b/kws"]')
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path / "own"))
    dry = CliRunner().invoke(app, ["layout", "--dry-run"], catch_exceptions=False).output
    told = CliRunner().invoke(app, ["layout"], catch_exceptions=False).output
    made = {path.relative_to(tmp_path / "vault").as_posix() for path in (tmp_path / "vault").rglob("*.md")}
    assert sorted(line for line in dry.splitlines() if line.endswith(".md")) == sorted(made)
    assert told.splitlines() == [line.replace("to write", "written") for line in dry.splitlines() if "to write" in line]
    assert len(made) == 3
