"""Notes of the vaults."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.index.table import digest
from scratchlab.notebook.settings import Settings
from scratchlab.notebook.vault import notes, own
from scratchlab.notebook.vault.decoding import lines

ENDS = (".md", ".markdown", ".mdown", ".txt")
_DAY = re.compile(r"(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)")
LEFT_OUT = {"node_modules", "__pycache__"}  # and everything whose name begins with a dot: .obsidian, .trash, .git


class Notes:
    """Every note in the vaults' folders; hidden folders are left out, and each file is read once however many links lead to it."""

    def __init__(self, settings: Settings) -> None:
        self.vaults = settings.vault
        self.latest: date | None = None  # day in the name of any note: a copy of a vault is younger than what it tells

    def stamps(self) -> Iterator[tuple[str, str]]:
        """By time of change and size."""
        for vault in self.vaults:
            for entry in _files(str(vault)):
                try:
                    about = entry.stat()
                except OSError:  # it went meanwhile, or its link leads nowhere
                    continue
                self._named(entry.name)
                yield entry.path, f"{about.st_mtime_ns} {about.st_size}"

    def _named(self, name: str) -> None:
        if found := _DAY.match(name):
            with contextlib.suppress(ValueError):
                day = date(*map(int, found.groups()))
                self.latest = max(day, self.latest or day)

    def read(self, key: str) -> tuple[str, Read]:
        """Digest and events of a note."""
        path = Path(key)
        content = path.read_bytes()
        known = date.fromtimestamp(path.stat().st_mtime)
        if self.latest:
            known = min(known, self.latest + timedelta(days=31))
        folder = next((relative.parts[0] for vault in self.vaults if (relative := _inside(path, vault)) and len(relative.parts) > 1), "")
        seen = own.theirs if folder == own.HOME else list[str]
        return digest(content), lambda: notes.events(path, seen(lines(content)), known, folder)


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in LEFT_OUT:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        elif entry.name.lower().endswith(ENDS) and entry.is_file():  # a pipe would be waited for, a device never ends
            yield entry


def _inside(path: Path, folder: Path) -> Path | None:
    return path.relative_to(folder) if path.is_relative_to(folder) else None
