"""Jobs that were watched: the processes of this machine and others, as `scratchlab watch` recorded them."""

from __future__ import annotations

from collections.abc import Iterator

from scratchlab.notebook.activity import reader
from scratchlab.notebook.activity.intervals import Interval
from scratchlab.notebook.activity.watching import FILE
from scratchlab.notebook.index.sources.interface import Read
from scratchlab.notebook.index.table import digest
from scratchlab.notebook.settings import Settings, own
from scratchlab.notebook.walk import Refused


class Jobs:
    """One thing an interval; it changes while its job runs."""

    def __init__(self, settings: Settings) -> None:
        self.file = own().kept / FILE
        self._held: dict[str, Interval] = {}

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """By what is known of the interval's end."""
        self._held = {f"job {one.id}": one for one in reader.intervals(self.file)} if self.file.is_file() else {}
        for key, one in self._held.items():
            yield key, f"{one.last_seen} {one.end} {one.state} {one.cpu}"

    def read(self, key: str) -> tuple[str, Read]:
        """Digest and event of an interval."""
        one = self._held[key]
        return digest(repr(one).encode()), lambda: [reader.event(self.file, one)]
