"""What was written to people's notes: every version before and after, and a journal that says which.

backups/journal.jsonl      one line a write, on disk before the note is touched
backups/versions/HASH      the bytes of a note; a version is kept once

What became of a write is not recorded but seen: the note is what it was before, or what it was to be, or neither. So there is no moment at
which a kill could leave the journal wrong.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.writing import disk


@dataclass(frozen=True)
class Entry:
    """One write: the note, the names of its versions before and after, and in words what was done.

    undoes: the number of the write that this one takes back, or 0.
    void: whether it was given up with the note untouched.
    """

    number: int
    when: str
    note: str
    before: str
    after: str
    told: str
    undoes: int = 0
    void: bool = False


class Backups:
    """The folder of backups; a process that writes notes holds it alone."""

    def __init__(self, kept: Path) -> None:
        self.folder = kept / "backups"
        self.journal = self.folder / "journal.jsonl"

    @contextlib.contextmanager
    def alone(self) -> Generator[None]:
        """Until every other process of ours that writes notes is done, and while this one is; a kill ends it."""
        with disk.told(self.folder):
            (self.folder / "versions").mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            lock = os.open(self.folder / ".lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def entries(self) -> list[Entry]:
        """The writes, the oldest first. What a kill has cut is none: the note was not touched before its line was whole."""
        if not self.journal.exists():
            return []
        found: dict[int, Entry] = {}
        for line in disk.read(self.journal).splitlines():
            with contextlib.suppress(ValueError, TypeError):
                entry = Entry(**json.loads(line))
                found[entry.number] = entry
        return list(found.values())

    def version(self, name: str) -> bytes:
        """The bytes of a version."""
        return disk.read(self.folder / "versions" / name)

    def written(self, note: Path, old: bytes, new: bytes, told: str, undoes: int = 0) -> Entry:
        """Replaces `old` by `new` in a note, with both kept and the journal's line before it. To be called alone.

        Raises Changed if the note is not `old`, Problem where it cannot be written; the note is then untouched, and the line void.
        """
        with disk.told(self.folder):
            before, after = self._keep(old), self._keep(new)
            self._sweep(note)
            number = max((entry.number for entry in self.entries()), default=0) + 1
            when = datetime.now().isoformat(timespec="seconds")
            entry = Entry(number, when, str(note.resolve()), before, after, told, undoes)
            self._append(entry)
        try:
            disk.replaced(note, old, new)
        except (disk.Changed, Problem):
            with contextlib.suppress(OSError):
                self._append(replace(entry, void=True))
            raise
        return entry

    def _keep(self, contents: bytes) -> str:
        name = named(contents)
        place = self.folder / "versions" / name
        if not place.exists():
            beside = place.with_suffix(".part")
            self._fill(beside, contents, os.O_TRUNC)
            beside.replace(place)
            disk.flushed(place.parent)
        return name

    def _append(self, entry: Entry) -> None:
        before = self.journal.stat().st_size if self.journal.exists() else 0
        try:
            self._fill(self.journal, b"\n" + json.dumps(asdict(entry)).encode(), os.O_APPEND)  # a line that a kill has cut ends here
            disk.flushed(self.folder)
        except OSError:
            with contextlib.suppress(OSError):
                os.truncate(self.journal, before)
            raise

    def _fill(self, path: Path, contents: bytes, how: int) -> None:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
        try:
            disk.poured(file, contents)
            os.fsync(file)
        finally:
            os.close(file)

    def _sweep(self, note: Path) -> None:
        """Removes what killed writers left beside a note, where every byte of it is kept here."""
        of_note = [entry for entry in self.entries() if entry.note == str(note.resolve())]
        known = {name for entry in of_note for name in (entry.before, entry.after)}
        for stray in disk.strays(note):
            contents = stray.read_bytes()
            if any(self.version(name).startswith(contents) for name in known):
                stray.unlink()


def named(contents: bytes) -> str:
    """The name of a version: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(contents).hexdigest()[:32]
