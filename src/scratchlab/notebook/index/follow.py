"""A live index: changes on disk are indexed within a second."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Event

from watchfiles import watch

from scratchlab.checks import Problem
from scratchlab.notebook.index.refresh import Changes, refresh
from scratchlab.notebook.index.sources.interface import Source

TOGETHER = 500  # milliseconds; changes within them are processed together
TICK = 1000  # milliseconds
PATIENCE = 30  # ticks without a change after which everything is checked, for changes without file events (a killed run, a network file)


def follow(
    base: sqlite3.Connection, sources: Mapping[str, Source], folders: Iterable[Path], report: Callable[[Changes], object], stop_event: Event
) -> None:
    """Refreshes the index now, and again whenever something changes in the folders, until `stop_event` is set.

    report: called with the changes of the first refresh, and of each later one that found any.

    Raises Problem if the system cannot watch that many folders; Ctrl-C raises KeyboardInterrupt.
    """
    watched = sorted({folder for folder in folders if folder.is_dir()})
    if not watched:
        raise Problem("There is nothing to watch: notebook.toml names no folder of notes, projects or runs.")
    report(refresh(base, sources))
    try:
        changes = watch(*watched, stop_event=stop_event, debounce=TOGETHER, step=50, rust_timeout=TICK, yield_on_timeout=True)
        quiet = PATIENCE  # the first tick checks for changes made before the watching began
        for changed in changes:
            quiet += 1
            if changed or quiet >= PATIENCE:
                quiet = 0
                found = refresh(base, sources)
                if found.read or found.dropped or found.refused:
                    report(found)
    except OSError as error:
        raise Problem(
            f"{', '.join(map(str, watched))} cannot be watched ({error}); on Linux, raise fs.inotify.max_user_watches, "
            "or run `scratchlab index` to update the index once."
        ) from None
