"""Training logs: those that watched jobs write, and those that lie in projects."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from scratchlab.notebook.activity import reader, redact
from scratchlab.notebook.activity.watching import FILE
from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.index.table import digest
from scratchlab.notebook.logs.card import card_of
from scratchlab.notebook.logs.happened import told
from scratchlab.notebook.projects.kinds import NOT_OWN
from scratchlab.notebook.settings import Settings, own

ENDS = (".log", ".out", ".err")
LARGEST = 64 << 20  # bytes of a log that is read


class Logs:
    """The key of a log is its path."""

    def __init__(self, settings: Settings) -> None:
        self.projects = settings.projects
        self.watched = own().kept / FILE

    def stamps(self) -> Iterator[tuple[str, str]]:
        """By time of change and size."""
        lying = {path for project in self.projects for path in _lying(project)}
        written = {one.log for one in reader.intervals(self.watched) if one.log} if self.watched.is_file() else set[str]()
        for path in sorted(lying | written):
            try:
                about = Path(path).stat()
            except OSError:  # it went meanwhile, or lies on another machine
                continue
            if stat.S_ISREG(about.st_mode) and about.st_size <= LARGEST:
                yield path, f"{about.st_mtime_ns} {about.st_size}"

    def read(self, key: str) -> tuple[str, Read]:
        """Digest and events of a log."""
        path = Path(key)
        changed = datetime.fromtimestamp(path.stat().st_mtime)
        return digest(path.read_bytes()), lambda: [replace(one, text=redact.text(one.text)) for one in told(path, card_of(path), changed)]


def _lying(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_OWN and not name.startswith(".")]
        yield from (os.path.join(place, name) for name in names if name.endswith(ENDS))  # noqa: PTH118 (paths as the system gives them)
