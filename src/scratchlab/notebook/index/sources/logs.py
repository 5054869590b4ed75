"""Training logs: those that watched jobs write, and those that lie in projects."""

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
from scratchlab.notebook.logs.happened import told
from scratchlab.notebook.projects.kinds import NOT_OWN
from scratchlab.notebook.settings import Settings, own
from scratchlab.notebook.walk import Refused

ENDS = (".log", ".out", ".err")
LARGEST = 64 << 20  # bytes of a log that is read


class Logs:
    """The key of a log is its path."""

    def __init__(self, settings: Settings) -> None:
        self.projects = settings.projects
        self.watched = own().kept / FILE

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """By time of change and size."""
        lying = dict(one for project in self.projects for one in walk.files(project, lambda name: name.endswith(ENDS), refused, NOT_OWN))
        written = {one.log for one in reader.intervals(self.watched) if one.log} if self.watched.is_file() else set[str]()
        for path, about in sorted((lying | dict(walk.regular_files(iter(written), refused))).items()):
            if about.st_size <= LARGEST:
                yield path, f"{about.st_mtime_ns} {about.st_size}"

    def read(self, key: str) -> tuple[str, Read]:
        """Digest and events of a log."""
        path = Path(key)
        changed = datetime.fromtimestamp(path.stat().st_mtime)
        return digest(walk.content(path)), lambda: [replace(one, text=redact.text(one.text)) for one in told(path, card_of(path), changed)]
