"""Walking folders of any depth and content; unreadable ones are reported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scratchlab.notebook import walk
from scratchlab.notebook.index import table
from scratchlab.notebook.index.refresh import Changes, refresh
from scratchlab.notebook.index.sources.catalog import SOURCES
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.index.sources.projects import Projects
from scratchlab.notebook.projects.texts import files
from scratchlab.notebook.settings import Settings
from scratchlab.notebook.writing import tree

DEEP = 1050  # folders below each other: more than Python's stack allows


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path / "own"))
    for name in ("vault/a.md", "vault/below/b.md", "vault/below/c.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(f"a line of {name}\n")
    return tmp_path / "vault"


def refreshed(folder: Path, settings: Settings) -> tuple[Changes, list[str]]:
    base = table.opened(folder / "index.sqlite")
    changes = refresh(base, {name: source(settings) for name, source in SOURCES.items()})
    return changes, [text for (text,) in base.execute("SELECT text FROM events WHERE kind = 'note' ORDER BY text")]


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """Makes folders of that name unreadable, also for root, who ignores permissions."""
    real = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == name:
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", scandir)
        yield


def test_folders_deeper_than_the_recursion_limit_are_found(vault: Path) -> None:
    before = Path.cwd()
    os.chdir(vault)
    try:
        for _ in range(DEEP):
            Path("d").mkdir()
            os.chdir("d")
        Path("deep.md").write_text("deep")
        refused: dict[str, str] = {}
        assert sum(path.endswith("deep.md") for path, _ in walk.files(vault, lambda name: name.endswith(".md"), refused)) == 1
        assert refused == {}
        assert sum(path.endswith("deep.md") for path in files(vault, refused)) == 1
        assert any(len(found.path.parts) == DEEP for found in tree.walk(vault))
    finally:  # what is to remove the folder recurses
        Path("deep.md").unlink(missing_ok=True)
        while Path.cwd() != vault:
            os.chdir("..")
            Path("d").rmdir()
        os.chdir(before)


@pytest.mark.parametrize("closed", ["below", "vault"])
def test_notes_of_a_folder_that_became_unreadable_are_kept(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    settings = Settings(vault=(vault,))
    _, before = refreshed(tmp_path, settings)
    with refusing(monkeypatch, closed):
        changes, now = refreshed(tmp_path, settings)
    assert now == before
    assert changes.dropped == 0
    assert changes.refused == [(str(vault if closed == "vault" else vault / "below"), "permission denied")]
    (vault / "below" / "b.md").unlink()
    changes, now = refreshed(tmp_path, settings)
    assert (changes.dropped, len(now)) == (1, 2)


def test_a_failing_source_does_not_block_the_others(vault: Path, tmp_path: Path) -> None:
    class Failing(Notes):
        def stamps(self, refused: walk.Refused) -> Iterator[tuple[str, str]]:
            raise OSError("the disk is on fire")

    settings = Settings(vault=(vault,))
    base = table.opened(tmp_path / "index.sqlite")
    refresh(base, {"notes": Notes(settings), "others": Notes(settings)})
    (vault / "a.md").write_text("another line\n")
    changes = refresh(base, {"notes": Failing(settings), "others": Notes(settings)})
    assert changes.refused == [("notes", "the disk is on fire")]
    assert (changes.read, changes.dropped) == (1, 0)
    assert base.execute("SELECT count(*) FROM events WHERE text LIKE '%line%'").fetchone() == (6,)


def test_pipes_and_sockets_do_not_block(vault: Path, tmp_path: Path) -> None:
    for name in (".gitignore", "pipe.md", "pipe.pdf", "pipe.log", "pipe.py", "pipe.toml", "README"):
        os.mkfifo(vault / name)
    (vault / "null.md").symlink_to("/dev/zero")
    changes, known = refreshed(tmp_path, Settings(vault=(vault,), projects=(vault,), papers=(vault,), runs=(vault,)))
    assert changes.refused == []
    assert len(known) == 3
    assert {found.path.name for found in tree.walk(vault)} == {"", "below"}
    with pytest.raises(OSError, match="not a regular file"):
        walk.content(vault / "pipe.md")


def test_circular_links_end(vault: Path) -> None:
    (vault / "below" / "up").symlink_to(vault)
    (vault / "self.md").symlink_to(vault / "self.md")
    (vault / "again.md").symlink_to(vault / "a.md")
    names = [Path(path).name for path, _ in walk.files(vault, lambda name: True, {})]
    assert sorted(names) == ["a.md", "again.md", "b.md", "c.md"]


def test_a_vault_named_twice_or_within_another_is_read_once(vault: Path, tmp_path: Path) -> None:
    _, known = refreshed(tmp_path, Settings(vault=(vault, vault, vault / "below"), projects=(tmp_path,)))
    assert known == [f"a line of vault/{name}" for name in ("a.md", "below/b.md", "below/c.md")]


def test_events_of_an_unreadable_project_are_kept(vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = table.opened(tmp_path / "index.sqlite")
    settings = Settings(projects=(vault,))
    read = refresh(base, {"projects": Projects(settings)}).read
    with refusing(monkeypatch, "vault"):
        changes = refresh(base, {"projects": Projects(settings)})
    assert (changes.kept, changes.dropped) == (read, 0)


def test_events_of_an_unreadable_file_are_kept(vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(vault=(vault,))
    _, before = refreshed(tmp_path, settings)
    real = os.stat

    def stat(path: object, **how: bool) -> os.stat_result:
        if str(path).endswith("b.md"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, **how)  # pyright: ignore

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", stat)
        changes, now = refreshed(tmp_path, settings)
    assert now == before
    assert changes.refused == [(str(vault / "below" / "b.md"), "permission denied")]
