"""Training logs: those written by recorded jobs, and those in projects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from scratchlab.notebook import walk
from scratchlab.notebook.activity import reader, redact
from scratchlab.notebook.activity.watching import FILE
from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.index.table import digest
from scratchlab.notebook.logs.card import card_of
from scratchlab.notebook.logs.to_events import events
from scratchlab.notebook.projects.kinds import NOT_OWN
from scratchlab.notebook.settings import Settings, own
from scratchlab.notebook.walk import Refused

ENDS = (".log", ".out", ".err")
LARGEST = 64 << 20  # bytes; larger logs are skipped


class Logs:
    """One item per log file; its key is its path."""

    def __init__(self, settings: Settings) -> None:
        self.projects = settings.projects
        self.watched = own().kept / FILE

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """The stamp is the modification time and size."""
        in_projects = dict(
            entry for project in self.projects for entry in walk.files(project, lambda name: name.endswith(ENDS), refused, NOT_OWN)
        )
        from_jobs = {entry.log for entry in reader.intervals(self.watched) if entry.log} if self.watched.is_file() else set[str]()
        for path, about in sorted((in_projects | dict(walk.regular_files(iter(from_jobs), refused))).items()):
            if about.st_size <= LARGEST:
                yield path, f"{about.st_mtime_ns} {about.st_size}"

    def read(self, key: str) -> tuple[str, Read]:
        """The digest and events of a log."""
        path = Path(key)
        modified = datetime.fromtimestamp(path.stat().st_mtime)
        return digest(walk.content(path)), lambda: [
            replace(event, text=redact.text(event.text)) for event in events(path, card_of(path), modified)
        ]
