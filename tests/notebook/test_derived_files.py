"""Damaged derived files are rebuilt; undecodable names and texts can be stored."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from scratchlab.checks import Problem
from scratchlab.notebook import derived
from scratchlab.notebook.index import table
from scratchlab.notebook.index.encoders import Vectors
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.sources.catalog import SOURCES
from scratchlab.notebook.index.vectors import TextVectors
from scratchlab.notebook.papers.page_store import PageStore
from scratchlab.notebook.projects.folder_cache import FolderCache
from scratchlab.notebook.settings import Settings


class Encoder:
    """An encoder of constant vectors."""

    name, size, speed, reads_above = "nothing", 2, 1, False

    def texts(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 2), np.float32)

    def question(self, question: str) -> Vectors:
        return np.ones(2, np.float32)


OPENED = {
    "disk.sqlite": lambda folder: FolderCache(folder).at(str(folder)),
    "papers.sqlite": lambda folder: PageStore(folder).pieces("x"),
    "vectors-nothing.sqlite": lambda folder: TextVectors(folder, Encoder()).unread(["x"]),
    "index.sqlite": lambda folder: table.opened(folder / "index.sqlite"),
}


@pytest.mark.parametrize("name", OPENED)
@pytest.mark.parametrize("damage", [b"", b"not a database, but long enough to look like one" * 50, b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_derived_files_are_rebuilt(tmp_path: Path, name: str, damage: bytes) -> None:
    (tmp_path / name).write_bytes(damage)
    OPENED[name](tmp_path)
    OPENED[name](tmp_path)


@pytest.mark.parametrize("name", OPENED)
def test_a_file_that_cannot_be_opened_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(Problem, match=rf"{name} cannot be used"):
        OPENED[name](tmp_path)


def test_damage_found_later_is_reported_and_repaired_next_time(tmp_path: Path) -> None:
    path = tmp_path / "disk.sqlite"
    FolderCache(tmp_path).database.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    cache = FolderCache(tmp_path)
    with pytest.raises(Problem, match=r"disk\.sqlite was damaged .* and has been deleted"):
        cache.at(str(tmp_path))
    assert not path.exists()
    FolderCache(tmp_path).at(str(tmp_path))


def test_a_locked_file_is_kept(tmp_path: Path) -> None:
    base = derived.opened(tmp_path / "x.sqlite", lambda base: base.execute("CREATE TABLE a(b)"))
    other = sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None, timeout=0)
    base.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError):
        other.execute("SELECT * FROM a")
    base.execute("ROLLBACK")
    with pytest.raises(sqlite3.OperationalError):
        base.execute("SELECT * FROM nothing")
    assert (tmp_path / "x.sqlite").exists()


def test_undecodable_names_and_texts_do_not_block_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path / "own"))
    vault = tmp_path / "vault"
    odd = vault / os.fsdecode(b"caf\xe9")
    odd.mkdir(parents=True)
    (vault / "a.md").write_text("plain\n")
    (vault / os.fsdecode(b"b\xff.md")).write_text("odd one\n")
    (vault / os.fsdecode(b"b\xfe.md")).write_text("odd two\n")
    (odd / "c.md").write_text('---\nproject: "\\ud83d"\n---\nodd three\n')
    (odd / "train.py").write_text('"""odd four"""\n')
    (odd / "x.pdf").write_bytes(b"none")
    settings = Settings(vault=(vault,), projects=(odd,), papers=(odd,))
    base = table.opened(tmp_path / "index.sqlite")
    changes = refresh(base, {name: source(settings) for name, source in SOURCES.items()})
    assert all("x.pdf" in key for key, _ in changes.refused)
    notes = [text for (text,) in base.execute("SELECT text FROM events WHERE kind = 'note' ORDER BY text")]
    assert notes == ["odd one", "odd three", "odd two", "plain"]
    assert refresh(base, {name: source(settings) for name, source in SOURCES.items()}).read == 0
    (vault / os.fsdecode(b"b\xff.md")).unlink()
    assert refresh(base, {name: source(settings) for name, source in SOURCES.items()}).dropped == 1
