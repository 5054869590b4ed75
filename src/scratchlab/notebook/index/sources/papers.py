"""PDFs and photographed pages: of the vaults, of the folders of papers, and the PDFs of projects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.papers import happened, reading
from scratchlab.notebook.papers.kept import Kept
from scratchlab.notebook.papers.pictures import ENDS
from scratchlab.notebook.settings import Settings, own

LEFT_OUT = {"node_modules", "__pycache__", "site-packages", "venv"}  # and everything whose name begins with a dot


class Papers:
    """A picture counts once an engine has read it (`scratchlab papers`), for that takes seconds a page; text of PDFs is read here.

    Pictures of projects are left alone: they are data and plots by the thousand.
    """

    def __init__(self, settings: Settings) -> None:
        self.kept = Kept(own().derived)
        self.folders = dict.fromkeys((*settings.vault, *settings.papers), (reading.PDF, *ENDS))
        self.folders = dict.fromkeys(settings.projects, (reading.PDF,)) | self.folders

    def files(self) -> list[Path]:
        """Each once, however many of the folders hold it."""
        return list(dict.fromkeys(Path(file) for folder, ends in self.folders.items() for file in _files(str(folder), ends)))

    def stamps(self) -> Iterator[tuple[str, str]]:
        """By time of change, size, and what has been read of it."""
        for path in self.files():
            read = self.kept.stamp(path)
            if read or path.suffix.lower() == reading.PDF:
                try:
                    about = path.stat()
                except OSError:  # it went meanwhile, or its link leads nowhere
                    continue
                yield str(path), f"{about.st_mtime_ns} {about.st_size} {read}"

    def read(self, key: str) -> tuple[str, Read]:
        """Digest and events of a paper."""
        path = Path(key)
        pieces = reading.pieces(path, self.kept)
        known = date.fromtimestamp(path.stat().st_mtime)
        project = next((folder.name for folder in self.folders if path.is_relative_to(folder)), "")
        return f"{self.kept.digest(path)} {self.kept.stamp(path)}", lambda: happened.events(path, pieces, known, project)


def _files(folder: str, ends: tuple[str, ...]) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in LEFT_OUT)
        for name in sorted(names):
            if name.lower().endswith(ends) and not name.startswith("."):
                yield os.path.join(where, name)  # noqa: PTH118 (a path of a million files need not be an object)
