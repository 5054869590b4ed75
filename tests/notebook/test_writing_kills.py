"""Writing interrupted at every system call: the note is old or new, and the write can be undone."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.writing import disk, undo
from scratchlab.notebook.writing.backups import Backups
from scratchlab.notebook.writing.notes import plan_insertion, write_insertion

OLD = b"\xef\xbb\xbf# Day\r\n- one\r\n\r\n# Next\r\nlast line without an end"
STEPS = ("open", "close", "write", "fsync", "fchmod", "replace", "rename", "link", "unlink", "mkdir", "truncate", "fstat", "stat")


class Interrupted:
    """Runs an action at the n-th system call from now on."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int, interrupt: Callable[[str], object], steps: tuple[str, ...] = STEPS) -> None:
        self.at, self.interrupt, self.calls = at, interrupt, 0
        for name in steps:
            patch.setattr(os, name, self.counted(name, getattr(os, name)))
        patch.setattr(disk, "exchange_names", self.counted("exchange", disk.exchange_names))
        patch.setattr(fcntl, "fcntl", self.counted("fcntl", fcntl.fcntl))

    def counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **more: Any) -> Any:
            self.calls += 1
            if self.calls == self.at:
                if name == "write":
                    real(words[0], bytes(words[1])[: len(words[1]) // 2])  # the kill falls into the middle of it
                self.interrupt(name)
            return real(*words, **more)

        return call


def insert(note: Path, kept: Path, text: str = "- two") -> None:
    write_insertion(plan_insertion(note, text, ("Day",)), Backups(kept))


def killed(work: Callable[[], object], at: int) -> bool:
    """Runs the work in a process that is killed at its n-th system call; returns whether it got that far."""
    if (child := os.fork()) == 0:
        code = 7
        try:
            with pytest.MonkeyPatch.context() as patch:
                Interrupted(patch, at, lambda _: os._exit(9))
                work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 9)
    return os.waitstatus_to_exitcode(status) == 9


def beside(note: Path) -> list[str]:
    return [path.name for path in note.parent.iterdir() if path != note]


def test_a_kill_at_every_step_leaves_the_old_note_or_the_new_one(tmp_path: Path) -> None:
    seen = {True: 0, False: 0}
    at = 0
    while True:
        at += 1
        folder = tmp_path / str(at)
        (folder / "vault").mkdir(parents=True)
        note, kept = folder / "vault" / "note.md", folder / "kept"
        note.write_bytes(OLD)
        new = plan_insertion(note, "- two", ("Day",)).made.new
        if not killed(lambda note=note, kept=kept: insert(note, kept), at):
            break
        now = note.read_bytes()
        assert now in (OLD, new), at
        seen[now == new] += 1
        backups = Backups(kept)
        if now == new:
            undo.undo_write(backups)
            assert note.read_bytes() == OLD
        with pytest.raises(Problem, match="no write to undo"):
            undo.undo_write(backups)
        insert(note, kept)  # whatever was left lying about is in nobody's way
        assert note.read_bytes() == new
        assert beside(note) == []
        undo.undo_write(backups)
        assert note.read_bytes() == OLD
    assert seen[False] > 20
    assert seen[True] > 3


def test_an_undo_killed_at_any_step_can_be_repeated(tmp_path: Path) -> None:
    at = 0
    while True:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        note, kept = folder / "note.md", folder / "kept"
        note.write_bytes(OLD)
        insert(note, kept)
        new = note.read_bytes()
        if not killed(lambda kept=kept: undo.undo_write(Backups(kept)), at):
            break
        assert note.read_bytes() in (OLD, new), at
        if note.read_bytes() == new:
            undo.undo_write(Backups(kept))
        assert note.read_bytes() == OLD
        assert [one.state for one in undo.writes(Backups(kept))] == ["taken back"]
    assert at > 20


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_full_or_failing_disk_is_an_error_and_leaves_nothing(tmp_path: Path, number: int) -> None:
    """Errors are injected at every step that writes or renames."""
    at, told = 0, 0
    while True:
        at += 1
        folder = tmp_path / str(at)
        (folder / "vault").mkdir(parents=True)
        note, kept = folder / "vault" / "note.md", folder / "kept"
        note.write_bytes(OLD)

        def fail(name: str) -> NoReturn:
            raise OSError(number, os.strerror(number))

        with pytest.MonkeyPatch.context() as patch:
            count = Interrupted(patch, at, fail, ("open", "write", "fsync", "fchmod", "rename", "replace", "mkdir"))
            try:
                insert(note, kept)
                said = ""
            except Problem as problem:
                told, said = told + 1, str(problem)
            assert not said or (str(folder) in said and note.read_bytes() == OLD), at
        assert beside(note) == [], at
        if count.calls < at:
            break
        if note.read_bytes() == OLD:
            insert(note, kept)
        undo.undo_write(Backups(kept))
        assert note.read_bytes() == OLD
    assert told > 12


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_bytes(OLD)
    code = (
        "import sys; from pathlib import Path; from scratchlab.notebook.writing.backups import Backups\n"
        "from scratchlab.notebook.writing.notes import plan_insertion, write_insertion\n"
        "for n in range(25):\n"
        "    write_insertion(plan_insertion(Path(sys.argv[1]), f'- {sys.argv[3]}{n}', ('Day',)), Backups(Path(sys.argv[2])))"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(note), str(tmp_path / "kept"), name]) for name in ("a", "b")]
    assert [one.wait(60) for one in both] == [0, 0]
    inside = note.read_text().splitlines()
    assert {f"- {name}{n}" for name in "ab" for n in range(25)} <= set(inside)
    assert len(Backups(tmp_path / "kept").entries()) >= 50
    for _ in range(50):
        undo.undo_write(Backups(tmp_path / "kept"))
    assert note.read_bytes() == OLD
