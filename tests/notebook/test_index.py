"""The index follows new, changed and deleted items of its sources, and is rebuilt when it is damaged."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scratchlab.notebook import walk
from scratchlab.notebook.derived import forget
from scratchlab.notebook.index import table
from scratchlab.notebook.index.refresh import Changes, refresh
from scratchlab.notebook.index.sources.logs import Logs
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.index.sources.projects import Projects
from scratchlab.notebook.settings import Settings
from scratchlab.notebook.vault import own


class Vault:
    """A folder of notes with its index."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder / "vault", folder / "index.sqlite"
        self.folder.mkdir()
        self.base = table.opened(self.path)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def refresh(self) -> Changes:
        return refresh(self.base, {"notes": Notes(Settings(vault=(self.folder,)))})

    def found(self, word: str) -> list[tuple[str, int]]:
        query = "SELECT path, line FROM events WHERE id IN (SELECT rowid FROM words WHERE words MATCH ?) ORDER BY id"
        return [(Path(path).name, line) for path, line in self.base.execute(query, (word,))]


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    made = Vault(tmp_path)
    yield made
    made.base.close()


def test_it_reads_what_is_new_and_nothing_twice(vault: Vault) -> None:
    vault.write("a.md", "# 2025-03-08\n- formants\n- prototypes")
    vault.write("deep/b.markdown", "prototypes again")
    vault.write(".obsidian/c.md", "prototypes hidden")
    vault.write("picture.png", b"\x89PNG prototypes")
    assert (vault.refresh().read, vault.refresh().read) == (2, 0)
    assert vault.found("prototypes") == [("a.md", 3), ("b.markdown", 1)]
    vault.write("a.md", "# 2025-03-08\n- prototypes moved up")
    assert vault.refresh() == Changes(read=1, kept=1)
    assert vault.found("prototypes") == [("b.markdown", 1), ("a.md", 2)]
    assert vault.found("formants") == []
    (vault.folder / "a.md").unlink()
    assert vault.refresh() == Changes(dropped=1, kept=1)
    assert vault.found("prototypes") == [("b.markdown", 1)]


def test_a_touched_note_is_not_read_again(vault: Vault) -> None:
    path = vault.write("a.md", "text")
    vault.refresh()
    ids = vault.base.execute("SELECT id FROM events").fetchall()
    os.utime(path, (1, 1))
    assert vault.refresh() == Changes(kept=1)
    assert vault.base.execute("SELECT id FROM events").fetchall() == ids


def test_every_change_is_counted(vault: Vault) -> None:
    def number() -> int:
        return vault.base.execute("SELECT number FROM changes").fetchone()[0]

    vault.write("a.md", "text")
    before = number()
    vault.refresh()
    assert number() == before + 1
    vault.refresh()
    assert number() == before + 1


def test_two_character_words_and_korean_stems_are_found(vault: Vault) -> None:
    vault.write("a.md", "- 今天显存不足\n- 메모리가 부족했다\n- GPU-memory full")
    vault.refresh()
    assert vault.found('"显存"') == [("a.md", 1)]
    assert vault.found('"메모 모리"') == [("a.md", 2)]
    assert vault.found('"gpu memory"') == [("a.md", 3)]
    assert vault.found('"memories"') == [("a.md", 3)], "English words are stemmed"


def test_unreadable_notes_are_reported_and_their_events_kept(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.write("a.md", "first")
    vault.refresh()
    vault.write("a.md", "second one")

    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(walk, "content", refused)
        changes = vault.refresh()
    assert len(changes.refused) == 1
    assert "Permission denied" in changes.refused[0][1]
    assert vault.found("first") == [("a.md", 1)]
    assert vault.refresh().read == 1
    assert vault.found("second") == [("a.md", 1)]


@pytest.mark.parametrize("damage", [b"", b"not a database, but long enough to look like one" * 50])
def test_a_damaged_index_is_rebuilt(vault: Vault, damage: bytes) -> None:
    vault.write("a.md", "text")
    vault.refresh()
    vault.base.close()
    forget(vault.path)
    vault.path.write_bytes(damage)
    vault.base = table.opened(vault.path)
    assert vault.refresh().read == 1


def test_an_index_of_another_version_is_rebuilt(vault: Vault) -> None:
    vault.write("a.md", "text")
    vault.refresh()
    vault.base.execute("PRAGMA user_version = 99999")
    vault.base.close()
    vault.base = table.opened(vault.path)
    assert vault.refresh().read == 1


def test_only_its_owner_may_read_it(vault: Vault) -> None:
    assert vault.path.stat().st_mode & 0o077 == 0


def test_a_refresh_that_is_interrupted_keeps_what_it_had(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    from scratchlab.notebook.index import refresh as refreshing

    for i in range(7):
        vault.write(f"{i}.md", f"word{i}")
    monkeypatch.setattr(refreshing, "TOGETHER", 2)

    def stop(done: int, total: int) -> None:
        assert total == 7
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refresh(vault.base, {"notes": Notes(Settings(vault=(vault.folder,)))}, stop)
    assert vault.base.execute("SELECT count(*) FROM items").fetchone() == (4,)
    assert vault.refresh() == Changes(read=3, kept=4)


def test_a_reader_is_not_disturbed_by_a_writer(vault: Vault) -> None:
    vault.write("a.md", "text")
    vault.refresh()
    other = sqlite3.connect(vault.path)
    with table.transaction(vault.base):
        vault.base.execute("DELETE FROM events")
        assert other.execute("SELECT count(*) FROM events").fetchone() == (1,)
        vault.base.execute("INSERT INTO changes VALUES (5)")
    other.close()


def test_wikilinks_are_stored(vault: Vault) -> None:
    vault.write("a.md", "- see [[formant_residual#2025/04/10]] and [[b]]")
    vault.refresh()
    assert vault.base.execute("SELECT target, part FROM links ORDER BY target").fetchall() == [
        ("b", ""),
        ("formant_residual", "2025/04/10"),
    ]


def test_real_notes(vault: Vault, real_data: Callable[[str], Path]) -> None:
    found = refresh(vault.base, {"notes": Notes(Settings(vault=(real_data("notes"),)))})
    assert found.refused == []
    assert found.read >= 7
    path, line, text = vault.base.execute(
        "SELECT path, line, text FROM events WHERE id IN (SELECT rowid FROM words WHERE words MATCH 'body : trouble AND body : nanochat')"
    ).fetchone()
    assert Path(path).read_text(encoding="utf-8").splitlines()[line - 1] == text


def test_of_generated_pages_only_the_users_part_is_found(vault: Vault) -> None:
    vault.write("scratchlab/days/2025-03-08.md", f"# 2025-03-08\n- zebra made by us\n{own.MARK}\n- giraffe of mine")
    vault.write("other/scratchlab/a.md", "- zebra of mine")
    vault.refresh()
    assert vault.found("zebra") == [("a.md", 1)]
    assert vault.found("giraffe") == [("2025-03-08.md", 4)]


def test_irregular_files_are_skipped(vault: Vault) -> None:
    """A pipe would block; a folder may be named like a note."""
    os.mkfifo(vault.folder / "pipe.md")
    (vault.folder / "folder.md").mkdir()
    (vault.folder / "gone.md").symlink_to(vault.folder / "nowhere.md")
    vault.write("a.md", "text")
    assert vault.refresh() == Changes(read=1)


def test_a_failing_note_does_not_block_others(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.write("a.md", "fine")
    vault.write("b.md", "breaks")
    read = Notes.read

    def breaks(self: Notes, key: str) -> tuple[str, object]:
        if key.endswith("b.md"):
            raise RecursionError("too deep")
        return read(self, key)

    monkeypatch.setattr(Notes, "read", breaks)
    assert vault.refresh() == Changes(read=1, refused=[(str(vault.folder / "b.md"), "RecursionError: too deep")])


def test_several_processes_at_once(vault: Vault) -> None:
    for i in range(60):
        vault.write(f"{i}.md", f"- word{i}\n" * 20)
    code = (
        "import sys; from pathlib import Path; from scratchlab.notebook.index import table;"
        "from scratchlab.notebook.index.refresh import refresh;"
        "from scratchlab.notebook.index.sources.notes import Notes; from scratchlab.notebook.settings import Settings;"
        "base = table.opened(Path(sys.argv[1])); refresh(base, {'notes': Notes(Settings(vault=(Path(sys.argv[2]),)))})"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(vault.path), str(vault.folder)]) for _ in range(3)]
    assert [one.wait(60) for one in started] == [0, 0, 0]
    assert vault.base.execute("SELECT count(*), count(DISTINCT item) FROM events").fetchone() == (1200, 60)


def test_it_is_recreated_in_place(vault: Vault) -> None:
    """Another program that has it open continues with the new tables."""
    vault.write("a.md", "text")
    vault.refresh()
    other = table.opened(vault.path)
    table.recreate(other)
    assert vault.found("text") == []
    assert vault.refresh().read == 1
    assert other.execute("SELECT count(*) FROM events").fetchone() == (1,)
    other.close()


def test_erased_events_leave_no_trace(vault: Vault) -> None:
    vault.write("a.md", "- zebrasecret")
    vault.refresh()
    table.erase(vault.path, "jobs", "notes")
    vault.base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    left = b"".join(path.read_bytes() for path in vault.path.parent.glob("index.sqlite*"))
    assert b"zebrasecret" not in left
    assert vault.found("zebrasecret") == []


def test_secrets_in_logs_are_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path / "own"))
    (tmp_path / "kws").mkdir()
    log = "epoch 1 loss 0.5\nepoch 2 loss 0.4\nTraceback (most recent call last):\nValueError: api_key=sk-abcdefghijklmnop1234 refused\n"
    (tmp_path / "kws" / "train.log").write_text(log)
    base = table.opened(tmp_path / "index.sqlite")
    refresh(base, {"logs": Logs(Settings(projects=(tmp_path / "kws",)))})
    told = [text for (text,) in base.execute("SELECT text FROM events")]
    assert any("ValueError" in text for text in told)
    assert not any("sk-abc" in text for text in told)
    base.close()


def test_generated_pages_do_not_date_other_notes(vault: Vault) -> None:
    """A page generated today in a copied old vault does not make its notes younger."""
    vault.write("2019-03-04.md", "read of formants")
    vault.write("plan.md", "# 03-09\n- prototypes")
    vault.write(f"{own.HOME}/days/2026-11-28.md", "a page of ours")
    vault.refresh()
    found = vault.base.execute("SELECT start FROM events WHERE text LIKE '%prototypes%'").fetchone()
    assert found == ("2019-03-09T00:00:00",)


def test_runs_are_not_read_as_texts_of_a_project(tmp_path: Path) -> None:
    project, run = tmp_path / "kws", tmp_path / "kws" / "runs" / "digits-0a1b2c3d"
    run.mkdir(parents=True)
    (run / "status.json").write_text('{"state": "finished"}')
    (project / "README.md").write_text("# Keyword spotting")
    keys = {key for key, _ in Projects(Settings(projects=(project,), runs=(project / "runs",))).stamps({})}
    assert str(project / "README.md") in keys
    assert not [key for key in keys if key.startswith(str(run))]
