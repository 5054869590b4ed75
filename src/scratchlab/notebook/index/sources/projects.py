"""Projects: what their files say, their checkpoints, and what fills their disks."""

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
from scratchlab.notebook.projects import happened
from scratchlab.notebook.projects.disk import Checkpoint, Disk, disk
from scratchlab.notebook.projects.looks import Looks
from scratchlab.notebook.projects.texts import files
from scratchlab.notebook.settings import Settings, own
from scratchlab.notebook.vault import notes
from scratchlab.notebook.vault.decoding import lines
from scratchlab.notebook.walk import Refused

MOST = 1 << 18  # bytes that are read of a file; the rest of a larger one is not searched
NOTES = (".md", ".markdown")


class Projects:
    """The key of a text or a checkpoint is its path, that of a disk the project's."""

    def __init__(self, settings: Settings) -> None:
        self.projects = settings.projects
        self.elsewhere = (*settings.vault, *settings.runs)  # notes and runs are read as such, and not twice
        self.looks = Looks(own().derived)
        self.checkpoints: dict[str, tuple[Checkpoint, Path]] = {}
        self.disks: dict[str, Disk] = {}

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """Of files by time of change and size, of a disk by what is told of it."""
        for project in self.projects:
            for path, about in walk.regular_files(files(project, refused), refused):
                if not any(Path(path).is_relative_to(folder) for folder in self.elsewhere):
                    yield path, f"{about.st_mtime_ns} {about.st_size}"
            try:
                found = disk(project, self.looks)
            except Problem:  # it went since the settings were read
                continue
            self.disks[str(project)] = found
            yield str(project), digest(happened.filled(found).text.encode("utf-8", "replace"))
            for one in found.checkpoints:
                self.checkpoints[str(one.path)] = one, project
                yield str(one.path), f"{one.changed.timestamp()} {one.size} {one.beside}"

    def read(self, key: str) -> tuple[str, Read]:
        """Digest and events of one of them."""
        if key in self.disks:
            event = happened.filled(self.disks[key])
            return digest(event.text.encode("utf-8", "replace")), lambda: [event]
        if key in self.checkpoints:
            event = happened.checkpoint(*self.checkpoints[key])
            return digest(event.text.encode("utf-8", "replace")), lambda: [event]
        path = Path(key)
        content = walk.content(path, MOST)
        return digest(content), lambda: self._events(path, content)

    def _events(self, path: Path, content: bytes) -> list[Event]:
        project = next(folder for folder in self.projects if path.is_relative_to(folder))
        if b"\0" in content[:1024] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return []  # whatever its name says, it is no text
        if not path.name.lower().endswith(NOTES):
            return happened.text(path, lines(content), project)
        found = notes.events(path, lines(content), date.fromtimestamp(path.stat().st_mtime))
        inside = str(path.relative_to(project))
        return [
            replace(event, kind="file" if event.kind == "note" else event.kind, project=project.name, heading=(inside, *event.heading))
            for event in found
        ]
