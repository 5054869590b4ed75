"""Updates the index: reads new and changed items, drops deleted ones, keeps the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from scratchlab.checks import Problem
from scratchlab.notebook.derived import clean
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.sources.interface import Source
from scratchlab.notebook.index.table import add, drop, exclusive, transaction
from scratchlab.notebook.vault.notes import links

TOGETHER = 1000  # items per transaction; a kill loses at most these


@dataclass
class Changes:
    """The result of a refresh.

    read, dropped, kept: numbers of items.
    refused: items that could not be read, with the reason; their previous events are kept.
    """

    read: int = 0
    dropped: int = 0
    kept: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def refresh(
    database: sqlite3.Connection, sources: Mapping[str, Source], progress: Callable[[int, int], object] = lambda done, total: None
) -> Changes:
    """Updates the index from the sources; one process at a time, others wait.

    progress: called with the number of items read and the number to read.
    """
    with exclusive(database):
        return _refreshed(database, sources, progress)


def _refreshed(database: sqlite3.Connection, sources: Mapping[str, Source], progress: Callable[[int, int], object]) -> Changes:
    changes = Changes()
    known = {(source, key): (item, stamp, digest) for item, source, key, stamp, digest in database.execute("SELECT * FROM items")}
    waiting: list[tuple[str, str, str]] = []
    for name, source in sources.items():
        for key, stamp in _stamps(name, source, known, changes).items():
            before = known.pop((name, clean(key)), None)
            if before and before[1] == clean(stamp):
                changes.kept += 1
            else:
                waiting.append((name, key, stamp))
                if before:
                    known[name, clean(key)] = before
    read_now = {(name, clean(key)) for name, key, _ in waiting}
    gone = [item for where, (item, _, _) in known.items() if where not in read_now]
    for start in range(0, len(gone), TOGETHER):
        with transaction(database):
            for item in gone[start : start + TOGETHER]:
                drop(database, item)
            database.execute("UPDATE changes SET number = number + 1")
    changes.dropped = len(gone)
    for start in range(0, len(waiting), TOGETHER):
        with transaction(database):
            taken: list[tuple[int, Event]] = []
            for name, key, stamp in waiting[start : start + TOGETHER]:
                taken += _take(database, sources[name], (name, key, stamp), known.get((name, clean(key))), changes)
            add(database, taken, links)
            database.execute("UPDATE changes SET number = number + 1")
        progress(min(start + TOGETHER, len(waiting)), len(waiting))
    return changes


def _stamps(name: str, source: Source, known: dict[tuple[str, str], tuple[int, str, str]], changes: Changes) -> dict[str, str]:
    """The stamps of a source's items by key. Items that could not be checked are removed from `known`, so that they are kept."""
    refused: dict[str, str] = {}
    try:
        stamps = dict(source.stamps(refused))
    except Exception as error:  # one unreadable source must not block the others
        stamps, refused = dict[str, str](), {"": ""}
        changes.refused.append((name, _reason(error)))
    else:
        changes.refused += [entry for entry in refused.items() if entry not in changes.refused]  # two sources may walk the same folder
    named, closed = set(map(clean, stamps)), set(map(clean, refused))
    for key in [key for key in known if key[0] == name and key[1] not in named and _within(key[1], closed)]:
        del known[key]
        changes.kept += 1
    return stamps


def _within(key: str, refused: Collection[str]) -> bool:
    """Whether a key was refused, or lies in a folder that was."""
    return "" in refused or (bool(refused) and any(str(path) in refused for path in (key, *PurePath(key).parents)))


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, (OSError, Problem)) else f"{type(error).__name__}: {error}"


def _take(
    database: sqlite3.Connection, source: Source, thing: tuple[str, str, str], before: tuple[int, str, str] | None, changes: Changes
) -> list[tuple[int, Event]]:
    """The new events of an item that may have changed, with the item's id; drops its previous events."""
    _, key, stamp = thing
    try:
        digest, read = source.read(key)
        if before and before[2] == digest:
            database.execute("UPDATE items SET stamp = ? WHERE id = ?", (clean(stamp), before[0]))
            changes.kept += 1
            return []
        events = read()
    except Exception as error:  # one unreadable item must not block the others
        changes.refused.append((key, _reason(error)))
        return []
    if before:
        drop(database, before[0])
    item = database.execute("INSERT INTO items(source, key, stamp, digest) VALUES (?, ?, ?, ?)", (*map(clean, thing), digest)).lastrowid
    assert item is not None
    changes.read += 1
    return [(item, event) for event in events]
