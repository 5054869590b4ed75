"""The notes of the vaults."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from scratchlab.notebook import walk
from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.index.table import digest
from scratchlab.notebook.settings import Settings
from scratchlab.notebook.vault import notes, own
from scratchlab.notebook.vault.decoding import lines
from scratchlab.notebook.walk import Refused

ENDS = (".md", ".markdown", ".mdown", ".txt")
_DAY = re.compile(r"(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)")


class Notes:
    """All notes of the vaults, except in hidden folders (.obsidian, .trash, .git) and behind links to folders."""

    def __init__(self, settings: Settings) -> None:
        self.vaults = settings.vault
        self.latest: date | None = None  # latest date in the names of the user's notes: in a copied vault, modification times are too late

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """The stamp is the modification time and size."""
        for vault in self.vaults:
            for path, about in walk.files(vault, lambda name: name.lower().endswith(ENDS), refused):
                if not path.startswith(f"{vault}/{own.HOME}/"):
                    self._note_date(path.rpartition("/")[2])
                yield path, f"{about.st_mtime_ns} {about.st_size}"

    def _note_date(self, name: str) -> None:
        if found := _DAY.match(name):
            with contextlib.suppress(ValueError):
                day = date(*map(int, found.groups()))
                self.latest = max(day, self.latest or day)

    def read(self, key: str) -> tuple[str, Read]:
        """The digest and events of a note."""
        path = Path(key)
        content = walk.content(path)
        known = date.fromtimestamp(path.stat().st_mtime)
        if self.latest:
            known = min(known, self.latest + timedelta(days=31))
        folder = next((relative.parts[0] for vault in self.vaults if (relative := _inside(path, vault)) and len(relative.parts) > 1), "")
        visible_lines = own.user_lines if folder == own.HOME else list[str]
        return digest(content), lambda: notes.events(path, visible_lines(lines(content)), known, folder)


def _inside(path: Path, folder: Path) -> Path | None:
    return path.relative_to(folder) if path.is_relative_to(folder) else None
