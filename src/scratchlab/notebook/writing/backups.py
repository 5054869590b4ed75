"""Backups of the user's notes: every version before and after a write, and a journal of the writes.

backups/journal.jsonl      one line per write, on disk before the note is changed
backups/versions/HASH      the bytes of a note, each version once

Whether a write succeeded is not recorded but checked: the note equals the version before, the version after, or neither. So a kill at any
moment leaves the journal correct.
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
    """One write.

    note: path of the note. before, after: names of its versions. told: description of the write in words.
    undoes: the number of the write that this one undoes, or 0.
    void: whether the write was abandoned with the note unchanged.
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
    """The folder of backups; a process that writes notes holds its lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "backups"
        self.journal = self.folder / "journal.jsonl"

    @contextlib.contextmanager
    def exclusive(self) -> Generator[None]:
        """Holds the lock for writing notes; waits for other processes. A kill releases it."""
        with disk.write_errors(self.folder):
            (self.folder / "versions").mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            lock = os.open(self.folder / ".lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def entries(self) -> list[Entry]:
        """The writes, the oldest first. A line cut by a kill is skipped: the note is only changed after its line is complete."""
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

    def write(self, note: Path, old: bytes, new: bytes, told: str, undoes: int = 0) -> Entry:
        """Replaces a note's content `old` by `new` after storing both versions and the journal line. The caller holds the lock.

        told: description of the write. Raises Changed if the content is not `old`, Problem if the note cannot be written; the note is then
        unchanged, and the journal line void.
        """
        with disk.write_errors(self.folder):
            before, after = self._keep(old), self._keep(new)
            self._sweep(note)
            number = max((entry.number for entry in self.entries()), default=0) + 1
            when = datetime.now().isoformat(timespec="seconds")
            entry = Entry(number, when, str(note.resolve()), before, after, told, undoes)
            self._append(entry)
        try:
            disk.replace(note, old, new)
        except (disk.Changed, Problem):
            with contextlib.suppress(OSError):
                self._append(replace(entry, void=True))
            raise
        return entry

    def _keep(self, contents: bytes) -> str:
        name = version_name(contents)
        place = self.folder / "versions" / name
        if not place.exists():
            beside = place.with_suffix(".part")
            self._fill(beside, contents, os.O_TRUNC)
            beside.replace(place)
            disk.sync_folder(place.parent)
        return name

    def _append(self, entry: Entry) -> None:
        before = self.journal.stat().st_size if self.journal.exists() else 0
        try:
            self._fill(self.journal, b"\n" + json.dumps(asdict(entry)).encode(), os.O_APPEND)  # ends a line cut by a kill
            disk.sync_folder(self.folder)
        except OSError:
            with contextlib.suppress(OSError):
                os.truncate(self.journal, before)
            raise

    def _fill(self, path: Path, contents: bytes, how: int) -> None:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
        try:
            disk.write_all(file, contents)
            os.fsync(file)
        finally:
            os.close(file)

    def _sweep(self, note: Path) -> None:
        """Deletes temporary files that killed writers left beside a note, if their content is part of a stored version."""
        of_note = [entry for entry in self.entries() if entry.note == str(note.resolve())]
        known = {name for entry in of_note for name in (entry.before, entry.after)}
        for stray in disk.strays(note):
            contents = stray.read_bytes()
            if any(self.version(name).startswith(contents) for name in known):
                stray.unlink()


def version_name(contents: bytes) -> str:
    """The name of a version: the first 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(contents).hexdigest()[:32]
