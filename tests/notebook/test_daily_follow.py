"""The live index, with real files that change under it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.index.follow import follow
from scratchlab.notebook.index.refresh import Changes
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.index.table import opened
from scratchlab.notebook.settings import Settings

LONG = 30.0  # seconds after which a test gives up


class Following:
    """Follows a vault in a thread."""

    def __init__(self, vault: Path) -> None:
        self.vault, self.file, self.stop, self.told = vault, vault.parent / "index.sqlite", threading.Event(), list[Changes]()
        self.base = opened(self.file)
        self.thread = threading.Thread(target=self._follow)
        self.thread.start()

    def _follow(self) -> None:
        follow(opened(self.file), {"notes": Notes(Settings(vault=(self.vault,)))}, [self.vault], self.told.append, self.stop)

    def texts(self) -> list[str]:
        return [text for (text,) in self.base.execute("SELECT text FROM events ORDER BY text")]

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + LONG
        while not true():
            assert time.monotonic() < end, (self.texts(), self.told)
            assert self.thread.is_alive()
            time.sleep(0.02)

    def comes(self, *texts: str) -> None:
        self.until(lambda: self.texts() == sorted(texts))


@pytest.fixture
def following(tmp_path: Path):
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "there.md").write_text("- there before\n")
    found = Following(vault)
    yield found
    found.stop.set()
    found.thread.join(LONG)
    assert not found.thread.is_alive()


def test_new_changed_and_deleted_files(following: Following) -> None:
    following.comes("- there before")
    (following.vault / "new.md").write_text("- new\n")
    following.comes("- new", "- there before")
    (following.vault / "there.md").write_text("- changed, and longer\n")
    following.comes("- changed, and longer", "- new")
    (following.vault / "there.md").unlink()
    following.comes("- new")
    (following.vault / "new.md").rename(following.vault / "renamed.md")
    following.until(lambda: [key for (key,) in following.base.execute("SELECT key FROM items")] == [str(following.vault / "renamed.md")])
    assert following.texts() == ["- new"]


def test_how_editors_save_files(following: Following) -> None:
    following.comes("- there before")
    beside = following.vault / ".there.md.swp"
    beside.write_text("- saved by renaming\n")
    beside.replace(following.vault / "there.md")
    following.comes("- saved by renaming")
    (following.vault / "there.md").rename(following.vault / "there.md~")  # a backup first, then a new file of the old name
    (following.vault / "there.md").write_text("- saved with a backup\n")
    following.comes("- saved with a backup")
    folder = following.vault / "deep" / "deeper"
    folder.mkdir(parents=True)
    (folder / "note.md").write_text("- in a folder that was not there\n")
    following.comes("- in a folder that was not there", "- saved with a backup")


def test_quick_changes_are_read_together_and_none_is_lost(following: Following) -> None:
    following.comes("- there before")
    for i in range(50):
        (following.vault / f"{i % 10}.md").write_text(f"- state {i} of file {i % 10}\n")
    following.comes("- there before", *(f"- state {i} of file {i % 10}" for i in range(40, 50)))
    assert len(following.told) < 40


def test_nothing_to_watch_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="nothing to watch"):
        follow(opened(tmp_path / "i.sqlite"), {}, [tmp_path / "gone"], lambda changes: None, threading.Event())
