"""Brings the index up to date: reads what is new or changed, drops what has gone, leaves everything else alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from scratchlab.checks import Problem
from scratchlab.notebook.derived import clean
from scratchlab.notebook.events import Event
from scratchlab.notebook.index.sources.interface import Source
from scratchlab.notebook.index.table import add, alone, drop, transaction
from scratchlab.notebook.vault.notes import links

TOGETHER = 1000  # things read in one transaction: a kill loses no more


@dataclass
class Changes:
    """What a refresh found.

    read, dropped, kept: how many things.
    refused: what could not be read, each with the reason; what was known of it stays.
    """

    read: int = 0
    dropped: int = 0
    kept: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def refresh(
    base: sqlite3.Connection, sources: Mapping[str, Source], told: Callable[[int, int], object] = lambda done, total: None
) -> Changes:
    """Reads what is new in the sources.

    told: is called with how many things were read, and how many there are to read.

    One process at a time; others wait.
    """
    with alone(base):
        return _refreshed(base, sources, told)


def _refreshed(base: sqlite3.Connection, sources: Mapping[str, Source], told: Callable[[int, int], object]) -> Changes:
    changes = Changes()
    known = {(source, key): (item, stamp, digest) for item, source, key, stamp, digest in base.execute("SELECT * FROM items")}
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
        with transaction(base):
            for item in gone[start : start + TOGETHER]:
                drop(base, item)
            base.execute("UPDATE changes SET number = number + 1")
    changes.dropped = len(gone)
    for start in range(0, len(waiting), TOGETHER):
        with transaction(base):
            taken: list[tuple[int, Event]] = []
            for name, key, stamp in waiting[start : start + TOGETHER]:
                taken += _take(base, sources[name], (name, key, stamp), known.get((name, clean(key))), changes)
            add(base, taken, links)
            base.execute("UPDATE changes SET number = number + 1")
        told(min(start + TOGETHER, len(waiting)), len(waiting))
    return changes


def _stamps(name: str, source: Source, known: dict[tuple[str, str], tuple[int, str, str]], changes: Changes) -> dict[str, str]:
    """What there is of a source. What could not be looked at stays as it is `known`, from which it is taken."""
    refused: dict[str, str] = {}
    try:
        stamps = dict(source.stamps(refused))
    except Exception as error:  # a source that cannot be read must not keep all others from being known
        stamps, refused = dict[str, str](), {"": ""}
        changes.refused.append((name, _reason(error)))
    else:
        changes.refused += [one for one in refused.items() if one not in changes.refused]  # two sources may walk one folder
    named, closed = set(map(clean, stamps)), set(map(clean, refused))
    for where in [where for where in known if where[0] == name and where[1] not in named and _within(where[1], closed)]:
        del known[where]
        changes.kept += 1
    return stamps


def _within(key: str, refused: Collection[str]) -> bool:
    """Whether a key is one of what was refused, or the path of something in a folder that was."""
    return "" in refused or (bool(refused) and any(str(path) in refused for path in (key, *PurePath(key).parents)))


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, (OSError, Problem)) else f"{type(error).__name__}: {error}"


def _take(
    base: sqlite3.Connection, source: Source, thing: tuple[str, str, str], before: tuple[int, str, str] | None, changes: Changes
) -> list[tuple[int, Event]]:
    """The events of a thing that may have changed, with the number of its item; what was known of it is dropped."""
    _, key, stamp = thing
    try:
        digest, read = source.read(key)
        if before and before[2] == digest:
            base.execute("UPDATE items SET stamp = ? WHERE id = ?", (clean(stamp), before[0]))
            changes.kept += 1
            return []
        events = read()
    except Exception as error:  # one thing that cannot be read must not keep all others from being known
        changes.refused.append((key, _reason(error)))
        return []
    if before:
        drop(base, before[0])
    item = base.execute("INSERT INTO items(source, key, stamp, digest) VALUES (?, ?, ?, ?)", (*map(clean, thing), digest)).lastrowid
    assert item is not None
    changes.read += 1
    return [(item, event) for event in events]
