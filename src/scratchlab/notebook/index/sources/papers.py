"""PDFs and photographed pages: of the vaults, of the folders of papers, and the PDFs of projects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from scratchlab.notebook import walk
from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.papers import happened, reading
from scratchlab.notebook.papers.kept import Kept
from scratchlab.notebook.papers.pictures import ENDS
from scratchlab.notebook.settings import Settings, own
from scratchlab.notebook.walk import Refused


class Papers:
    """A picture counts once an engine has read it (`scratchlab papers`), for that takes seconds a page; text of PDFs is read here.

    Pictures of projects are left alone: they are data and plots by the thousand.
    """

    def __init__(self, settings: Settings) -> None:
        self.kept = Kept(own().derived)
        self.folders = dict.fromkeys((*settings.vault, *settings.papers), (reading.PDF, *ENDS))
        self.folders = dict.fromkeys(settings.projects, (reading.PDF,)) | self.folders

    def files(self, refused: Refused) -> Iterator[tuple[Path, os.stat_result]]:
        """Each with what the system knows of it; one that lies in several of the folders comes as often."""
        for folder, ends in self.folders.items():
            for path, about in walk.files(folder, lambda name, ends=ends: name.lower().endswith(ends), refused):
                yield Path(path), about

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """By time of change, size, and what has been read of it."""
        for path, about in self.files(refused):
            read = self.kept.stamp(path)
            if read or path.suffix.lower() == reading.PDF:
                yield str(path), f"{about.st_mtime_ns} {about.st_size} {read}"

    def read(self, key: str) -> tuple[str, Read]:
        """Digest and events of a paper."""
        path = Path(key)
        pieces = reading.pieces(path, self.kept)
        known = date.fromtimestamp(path.stat().st_mtime)
        project = next((folder.name for folder in self.folders if path.is_relative_to(folder)), "")
        return f"{self.kept.digest(path)} {self.kept.stamp(path)}", lambda: happened.events(path, pieces, known, project)
