"""Recorded jobs: processes of this machine and others, as recorded by `scratchlab watch`."""

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
    """One item per interval, which changes while its job runs."""

    def __init__(self, settings: Settings) -> None:
        self.file = own().kept / FILE
        self._intervals: dict[str, Interval] = {}

    def stamps(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """The stamp is the interval's end, state and CPU time."""
        self._intervals = {f"job {interval.id}": interval for interval in reader.intervals(self.file)} if self.file.is_file() else {}
        for key, interval in self._intervals.items():
            yield key, f"{interval.last_seen} {interval.end} {interval.state} {interval.cpu}"

    def read(self, key: str) -> tuple[str, Read]:
        """The digest and event of an interval."""
        interval = self._intervals[key]
        return digest(repr(interval).encode()), lambda: [reader.event(self.file, interval)]
