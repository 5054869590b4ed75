"""Races with other programs that save the same note: their versions are never lost, refusals are reported."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.writing import disk, lease
from scratchlab.notebook.writing.backups import Backups
from scratchlab.notebook.writing.notes import plan_insertion, write_insertion

leases = pytest.mark.skipif(not hasattr(fcntl, "F_SETLEASE"), reason="only Linux tells who is about to write a file")

IN_PLACE = """
import sys
for n in range(300):  # as an editor saves: all of it, on the file that is there
    with open(sys.argv[1], "r+b") as file:
        old = file.read()
        file.seek(0)
        file.truncate()
        file.write(old + f"- theirs {n}\\n".encode())
"""
BY_RENAME = """
import os, sys, pathlib
note = pathlib.Path(sys.argv[1])
mine = []
for n in range(300):  # keeps its own lines, and takes what else is there from the disk just before it saves
    mine.append(f"- theirs {n}")
    there = note.read_text().splitlines()
    beside = note.with_name("theirs.tmp")
    beside.write_text("\\n".join([line for line in there if not line.startswith("- theirs")] + mine) + "\\n")
    os.rename(beside, note)
"""


def raced(tmp_path: Path, saver: str) -> tuple[list[str], set[str]]:
    """The lines of a note that another process saved 300 times, and those that were inserted meanwhile without a refusal."""
    note = tmp_path / "note.md"
    note.write_text("# Day\n- first\n")
    other = subprocess.Popen([sys.executable, "-c", saver, str(note)])
    mine, count = set[str](), 0
    while other.poll() is None or count < 20:
        line, count = f"- mine {count}", count + 1
        try:
            write_insertion(plan_insertion(note, line, ("Day",)), Backups(tmp_path / "kept"))
            mine.add(line)
        except Problem as problem:
            if "another program" not in str(problem) and "other programs" not in str(problem):
                raise
    assert other.wait(60) == 0
    return note.read_text().splitlines(), mine


@leases
def test_no_line_is_lost_with_an_editor_that_saves_in_place(tmp_path: Path) -> None:
    lines, mine = raced(tmp_path, IN_PLACE)
    assert len(mine) >= 20
    assert sorted(lines) == sorted(["# Day", "- first", *(f"- theirs {n}" for n in range(300)), *mine])


def test_no_line_is_lost_with_a_program_that_saves_by_renaming(tmp_path: Path) -> None:
    """What it overwrites itself, as it reads before it renames, is its own doing: of our lines, all that are there are whole."""
    lines, mine = raced(tmp_path, BY_RENAME)
    assert {f"- theirs {n}" for n in range(300)} <= set(lines)
    assert {line for line in lines if line.startswith("- mine")} <= mine
    assert len(lines) == len(set(lines))
    assert not list(tmp_path.glob(".scratchlab*"))


def meanwhile(patch: pytest.MonkeyPatch, act: Callable[[], object], when: Iterable[int] = (1,)) -> None:
    """Lets somebody act in the last moment, before the names are traded: the first time, or those times, tradings back included."""
    count, real = [0], disk.exchange_names

    def trade(one: Path, other: Path) -> bool:
        count[0] += 1
        if count[0] in when:
            act()
        return real(one, other)

    patch.setattr(disk, "exchange_names", trade)


def test_a_version_renamed_at_the_last_moment_is_kept_and_gets_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note, theirs = tmp_path / "note.md", tmp_path / "theirs"
    note.write_text("# Day\n- first\n")
    theirs.write_text("# Day\n- first\n- theirs\n")
    meanwhile(monkeypatch, lambda: theirs.rename(note))
    plan, _ = write_insertion(plan_insertion(note, "- mine", ("Day",)), Backups(tmp_path / "kept"))
    assert note.read_text() == "# Day\n- first\n- theirs\n- mine\n"
    assert b"theirs" in plan.old


@leases
def test_a_writer_that_opens_the_note_at_the_last_moment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Day\n- first\n")
    others: list[subprocess.Popen[bytes]] = []

    def act() -> None:
        code = "import sys; file = open(sys.argv[1], 'r+b'); file.seek(0, 2); file.write(b'- theirs\\n')"
        others.append(subprocess.Popen([sys.executable, "-c", code, str(note)]))
        for _ in range(500):
            if Path(f"/proc/{others[0].pid}/wchan").read_text().startswith("__break_lease") or lease_waits(note):
                return
            lease.time.sleep(0.01)

    meanwhile(monkeypatch, act)
    write_insertion(plan_insertion(note, "- mine", ("Day",)), Backups(tmp_path / "kept"))
    assert others[0].wait(30) == 0
    assert note.read_text() == "# Day\n- first\n- theirs\n- mine\n"


def lease_waits(note: Path) -> bool:
    """Whether /proc/locks shows a process waiting for a lease on this file."""
    inode = f":{note.stat().st_ino} "
    return any("LEASE" in line and "BREAKING" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


@leases
def test_a_note_kept_open_for_writing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "PAUSE", 0.0)
    note = tmp_path / "note.md"
    note.write_text("# Day\n")
    with note.open("a"), pytest.raises(Problem, match="is kept open for writing by another program"):
        write_insertion(plan_insertion(note, "- mine", ("Day",)), Backups(tmp_path / "kept"))
    assert note.read_text() == "# Day\n"


def saver(folder: Path) -> tuple[Path, Callable[[], None]]:
    """A note, and a function that saves a new version of it by renaming."""
    note, count = folder / "note.md", [0]
    note.write_text("# Day\n- 0\n")

    def save() -> None:
        count[0] += 1
        (folder / "theirs").write_text(f"# Day\n- {count[0]}\n")
        (folder / "theirs").rename(note)

    return note, save


def test_a_constantly_changing_note_is_refused_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note, save = saver(tmp_path)
    meanwhile(monkeypatch, save, range(1, 1000, 2))
    with pytest.raises(Problem, match="nothing was inserted"):
        write_insertion(plan_insertion(note, "- mine", ("Day",)), Backups(tmp_path / "kept"))
    assert note.read_text() == "# Day\n- 20\n"


def test_a_displaced_version_is_kept_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program saves right before the names are swapped, and again right before they are swapped back."""
    note, save = saver(tmp_path)
    meanwhile(monkeypatch, save, (1, 2))
    with pytest.raises(Problem, match="one of their versions is kept as") as told:
        write_insertion(plan_insertion(note, "- mine", ("Day",)), Backups(tmp_path / "kept"))
    kept = Path(str(told.value).rpartition(" ")[2].rstrip("."))
    assert {note.read_text(), kept.read_text()} == {"# Day\n- 1\n", "# Day\n- 2\n"}


def test_without_atomic_exchange_earlier_changes_are_detected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system cannot exchange names, the comparison right before remains."""
    note = tmp_path / "note.md"
    note.write_text("# Day\n")
    monkeypatch.setattr(disk, "exchange_names", lambda _one, _other: False)
    plan = plan_insertion(note, "- mine", ("Day",))
    note.write_text("# Day\n- theirs\n")
    write_insertion(plan, Backups(tmp_path / "kept"))
    assert note.read_text() == "# Day\n- theirs\n- mine\n"


def test_mode_owner_links_and_attributes_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "note.md", tmp_path / "note.md"
    real.write_text("# Day\n")
    real.chmod(0o640)
    if os.getuid() == 0:
        os.chown(real, 12345, 12346)
    try:
        os.setxattr(real, "user.tag", b"red")
        tagged = True
    except OSError:  # a file system without them
        tagged = False
    before = real.stat()
    link.symlink_to(Path("real") / "note.md")
    write_insertion(plan_insertion(link, "- mine", ("Day",)), Backups(tmp_path / "kept"))
    after = real.stat()
    assert link.is_symlink()
    assert real.read_text() == "# Day\n- mine\n"
    assert (before.st_mode, before.st_uid, before.st_gid) == (after.st_mode, after.st_uid, after.st_gid)
    assert not tagged or os.getxattr(real, "user.tag") == b"red"


def test_protected_files_are_left_alone(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Day\n")
    plan = plan_insertion(note, "x", ("Day",))
    note.chmod(0o444)
    with pytest.raises(Problem, match="read-only"):
        write_insertion(plan, Backups(tmp_path / "kept"))
    note.chmod(0o644)
    os.link(note, tmp_path / "other")
    with pytest.raises(Problem, match="2 hard links"):
        write_insertion(plan, Backups(tmp_path / "kept"))
    assert note.read_text() == "# Day\n"


def test_the_owner_of_a_note_does_not_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Day\n")
    made = disk.os.fstat

    def theirs(file: int) -> os.stat_result:
        found = made(file)
        return os.stat_result((*found[:4], found.st_uid + 1, *found[5:])) if found.st_size == 6 else found

    def forbidden(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    plan = plan_insertion(note, "x", ("Day",))
    monkeypatch.setattr(disk.os, "fstat", theirs)
    monkeypatch.setattr(disk.os, "fchown", forbidden)
    with pytest.raises(Problem, match="belongs to another user"):
        disk.replace(note, plan.old, plan.made.new)
    assert note.read_text() == "# Day\n"
    assert not list(tmp_path.glob(".scratchlab*"))
