"""A live index: what changes on disk is read within a second."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Event

from watchfiles import watch

from scratchlab.checks import Problem
from scratchlab.notebook.index.refresh import Changes, refresh
from scratchlab.notebook.index.sources.interface import Source

TOGETHER = 500  # milliseconds in which changes that follow one another closely are read at once
TICK = 1000  # milliseconds
PATIENCE = 30  # ticks without a change: what no file here tells (a killed run, a file changed from another machine) is then looked for


def follow(
    base: sqlite3.Connection, sources: Mapping[str, Source], folders: Iterable[Path], told: Callable[[Changes], object], stop_event: Event
) -> None:
    """Refreshes the index now, and again whenever something changes in the folders, until `stop_event` is set.

    told: is called with what the first refresh found, and with that of each later one which found something.

    Raises Problem where the system will not watch so many folders; Ctrl-C raises KeyboardInterrupt.
    """
    watched = sorted({folder for folder in folders if folder.is_dir()})
    if not watched:
        raise Problem("There is nothing to watch: notebook.toml names no folder of notes, projects or runs.")
    told(refresh(base, sources))
    try:
        changes = watch(*watched, stop_event=stop_event, debounce=TOGETHER, step=50, rust_timeout=TICK, yield_on_timeout=True)
        quiet = PATIENCE  # so that the first tick looks for what changed before the watching began
        for changed in changes:
            quiet += 1
            if changed or quiet >= PATIENCE:
                quiet = 0
                found = refresh(base, sources)
                if found.read or found.dropped or found.refused:
                    told(found)
    except OSError as error:
        raise Problem(
            f"{', '.join(map(str, watched))} cannot be watched ({error}); on Linux, raise fs.inotify.max_user_watches, "
            "or run `scratchlab index` when it should be read."
        ) from None
