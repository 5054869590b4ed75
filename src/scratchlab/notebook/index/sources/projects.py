"""Projects: their text files, their checkpoints, and their disk usage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook import walk
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.index.table import digest
from scratchlab.notebook.projects import to_events
from scratchlab.notebook.projects.disk import Checkpoint, Disk, disk
from scratchlab.notebook.projects.folder_cache import FolderCache
from scratchlab.notebook.projects.texts import files
from scratchlab.notebook.settings import Settings, own
from scratchlab.notebook.vault import notes
from scratchlab.notebook.vault.decoding import lines
from scratchlab.notebook.walk import Refused

MOST = 1 << 18  # bytes read of a file; the rest of a larger one is not searched
NOTES = (".md", ".markdown")


class Projects:
    """One item per text file and checkpoint, keyed by its path, and one for the disk usage of each project, keyed by the project."""

    def __init__(self, settings: Settings) -> None:
        self.projects = settings.projects
        self.elsewhere = (*settings.vault, *settings.runs)  # read by the sources of notes and runs
        self.folder_cache = FolderCache(own().derived)
        self.checkpoints: dict[str, tuple[Checkpoint, Path]] = {}
        self.disks: dict[str, Disk] = {}

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """The stamp of a file is its modification time and size, that of disk usage its event's digest."""
        for project in self.projects:
            for path, about in walk.regular_files(files(project, refused), refused):
                if not any(Path(path).is_relative_to(folder) for folder in self.elsewhere):
                    yield path, f"{about.st_mtime_ns} {about.st_size}"
            try:
                found = disk(project, self.folder_cache)
            except Problem:  # deleted since the settings were read
                continue
            self.disks[str(project)] = found
            yield str(project), digest(to_events.disk_event(found).text.encode("utf-8", "replace"))
            for checkpoint_ in found.checkpoints:
                self.checkpoints[str(checkpoint_.path)] = checkpoint_, project
                yield str(checkpoint_.path), f"{checkpoint_.changed.timestamp()} {checkpoint_.size} {checkpoint_.beside}"

    def read(self, key: str) -> tuple[str, Read]:
        """The digest and events of an item."""
        if key in self.disks:
            event = to_events.disk_event(self.disks[key])
            return digest(event.text.encode("utf-8", "replace")), lambda: [event]
        if key in self.checkpoints:
            event = to_events.checkpoint(*self.checkpoints[key])
            return digest(event.text.encode("utf-8", "replace")), lambda: [event]
        path = Path(key)
        content = walk.content(path, MOST)
        return digest(content), lambda: self._events(path, content)

    def _events(self, path: Path, content: bytes) -> list[Event]:
        project = next(folder for folder in self.projects if path.is_relative_to(folder))
        if b"\0" in content[:1024] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return []  # a binary file
        if not path.name.lower().endswith(NOTES):
            return to_events.text(path, lines(content), project)
        found = notes.events(path, lines(content), date.fromtimestamp(path.stat().st_mtime))
        inside = str(path.relative_to(project))
        return [
            replace(event, kind="file" if event.kind == "note" else event.kind, project=project.name, heading=(inside, *event.heading))
            for event in found
        ]
