"""PDFs and photographed pages in the vaults and folders of papers, and PDFs in projects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from scratchlab.notebook import walk
from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.papers import reading, to_events
from scratchlab.notebook.papers.page_store import PageStore
from scratchlab.notebook.papers.pictures import ENDS
from scratchlab.notebook.settings import Settings, own
from scratchlab.notebook.walk import Refused


class Papers:
    """One item per file. Text of PDFs is read here; pictures appear after `scratchlab papers` has read them, as OCR takes seconds a page.

    Pictures in projects are ignored: they are mostly data and plots.
    """

    def __init__(self, settings: Settings) -> None:
        self.store = PageStore(own().derived)
        self.folders = dict.fromkeys((*settings.vault, *settings.papers), (reading.PDF, *ENDS))
        self.folders = dict.fromkeys(settings.projects, (reading.PDF,)) | self.folders

    def files(self, refused: Refused) -> Iterator[tuple[Path, os.stat_result]]:
        """Yields path and stat result of each file; a file in several of the folders is repeated."""
        for folder, ends in self.folders.items():
            for path, about in walk.files(folder, lambda name, ends=ends: name.lower().endswith(ends), refused):
                yield Path(path), about

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """The stamp is the modification time, the size, and which of its pages have been read."""
        for path, about in self.files(refused):
            read = self.store.stamp(path)
            if read or path.suffix.lower() == reading.PDF:
                yield str(path), f"{about.st_mtime_ns} {about.st_size} {read}"

    def read(self, key: str) -> tuple[str, Read]:
        """The digest and events of a paper."""
        path = Path(key)
        pieces = reading.pieces(path, self.store)
        known = date.fromtimestamp(path.stat().st_mtime)
        project = next((folder.name for folder in self.folders if path.is_relative_to(folder)), "")
        return f"{self.store.digest(path)} {self.store.stamp(path)}", lambda: to_events.events(path, pieces, known, project)
