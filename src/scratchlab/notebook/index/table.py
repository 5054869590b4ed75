"""The file of the index: its tables, and events as rows of them.

items    what was read of each source, and by which stamp and digest it is known
events   the time line
words    what stands in events and above them, for SQLite's full-text search; without the text itself, which `events` has
changes  how often the time line has changed: what is held of it in memory is as old as its number
links    which note, run or file an event names
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from scratchlab.notebook import derived
from scratchlab.notebook.derived import clean
from scratchlab.notebook.events import Event, Place, Span
from scratchlab.notebook.index.words import indexed

VERSION = 4  # of the tables and of how sources are read; another makes the file anew
NAME = "lower(replace(key, rtrim(key, replace(key, '/', '')), ''))"  # of a key that is a path: what stands behind its last slash
SCHEMA = f"""
CREATE TABLE items(
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, key TEXT NOT NULL, stamp TEXT NOT NULL, digest TEXT NOT NULL, UNIQUE(source, key)
);
CREATE INDEX items_by_name ON items({NAME});
CREATE TABLE events(
    id INTEGER PRIMARY KEY, item INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL,
    last INTEGER NOT NULL, detail TEXT NOT NULL, start TEXT, finish TEXT, project TEXT NOT NULL, heading TEXT NOT NULL, under TEXT NOT NULL,
    state TEXT NOT NULL, length INTEGER NOT NULL, section INTEGER NOT NULL
);
CREATE INDEX events_by_item ON events(item);
CREATE INDEX events_by_time ON events(start, finish);
CREATE INDEX events_by_state ON events(state, kind) WHERE state != '';
CREATE VIRTUAL TABLE words USING fts5(body, above, content='', tokenize='porter unicode61 remove_diacritics 2');
CREATE TABLE changes(number INTEGER NOT NULL);
INSERT INTO changes VALUES (0);
CREATE TABLE links(event INTEGER NOT NULL, target TEXT NOT NULL, part TEXT NOT NULL);
CREATE INDEX links_by_event ON links(event);
CREATE INDEX links_by_target ON links(target);
"""
COLUMNS = "kind, text, path, line, last, detail, start, finish, project, heading, under, state"


def opened(path: Path) -> sqlite3.Connection:
    """The index in a file, which is made if it is not there, and made anew if it is damaged or of another version.

    Only its owner may read it. Closing is the caller's. Raises Problem where the file cannot be used.
    """
    return derived.opened(path, _begun)


def _begun(base: sqlite3.Connection) -> None:
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = NORMAL")
    base.execute("PRAGMA secure_delete = FAST")  # what is gone from a note is to be gone from here
    base.execute("PRAGMA cache_size = -65536")
    if _version(base) != VERSION:
        emptied(base, unless=VERSION)


@contextlib.contextmanager
def alone(base: sqlite3.Connection) -> Generator[None]:
    """Waits until no other process refreshes this index, and keeps others waiting; the lock dies with its process."""
    (path,) = (Path(row[2]) for row in base.execute("PRAGMA database_list") if row[1] == "main")
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def at_rest(base: sqlite3.Connection) -> Generator[None]:
    """All that is read within is of one moment, though others go on writing."""
    base.execute("BEGIN")
    try:
        yield
    finally:
        base.execute("ROLLBACK")


def emptied(base: sqlite3.Connection, unless: int = 0) -> None:
    """Drops all that an index holds and makes its tables anew, in place: others may have it open.

    unless: a version that is left as it is, for another process may have been faster.
    """
    with alone(base), transaction(base):
        if _version(base) == unless:
            return
        named = base.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall()
        for (name,) in sorted(named, key=lambda one: len(one[0])):  # `words` before the tables that hold it
            base.execute(f"DROP TABLE IF EXISTS {name}")
        for statement in SCHEMA.split(";\n"):
            base.execute(statement)
        base.execute(f"PRAGMA user_version = {VERSION}")


def wiped(path: Path, *sources: str) -> None:
    """Removes all that an index holds of sources, from the disk as well; what a source still has comes back at the next refresh."""
    if not path.is_file():
        return
    with contextlib.closing(opened(path)) as base:
        with alone(base), transaction(base):
            for (item,) in base.execute(f"SELECT id FROM items WHERE source IN ({', '.join('?' * len(sources))})", sources).fetchall():
                drop(base, item)
            base.execute("INSERT INTO words(words) VALUES ('optimize')")  # until then the words' own table keeps what was deleted
            base.execute("UPDATE changes SET number = number + 1")
        base.execute("VACUUM")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _version(base: sqlite3.Connection) -> int:
    return base.execute("PRAGMA user_version").fetchone()[0]


@contextlib.contextmanager
def transaction(base: sqlite3.Connection) -> Generator[None]:
    """All of it or nothing; one writer at a time."""
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        base.execute("ROLLBACK")
        raise
    base.execute("COMMIT")


def digest(content: bytes) -> str:
    """Of what was read, to know it again."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def add(base: sqlite3.Connection, taken: Iterable[tuple[int, Event]], linked: Callable[[str], Iterable[tuple[str, str]]]) -> None:
    """Adds events, each with the number of its item.

    linked: gives the notes that a text links to, and where in them.
    """
    first = base.execute("SELECT coalesce(max(id), 0) + 1 FROM events").fetchone()[0]
    numbered = [(number, item, _clean(event)) for number, (item, event) in enumerate(taken, first)]
    texts = [(number, *told(event)) for number, _, event in numbered]
    rows = [
        (number, item, *_row(event), text[1].count(" ") + 1, _section(item, event))
        for (number, item, event), text in zip(numbered, texts, strict=True)
    ]
    links = [(number, *link) for number, _, event in numbered if "[[" in event.text for link in linked(event.text)]
    base.executemany(f"INSERT INTO events(id, item, {COLUMNS}, length, section) VALUES ({', '.join('?' * 16)})", rows)
    base.executemany("INSERT INTO words(rowid, body, above) VALUES (?, ?, ?)", texts)
    base.executemany("INSERT INTO links VALUES (?, ?, ?)", links)


def drop(base: sqlite3.Connection, item: int) -> None:
    """Removes an item with its events, words and links."""
    old = base.execute(f"SELECT id, {COLUMNS} FROM events WHERE item = ?", (item,)).fetchall()
    base.executemany(
        "INSERT INTO words(words, rowid, body, above) VALUES ('delete', ?, ?, ?)", [(row[0], *told(event_of(row[1:]))) for row in old]
    )
    base.execute("DELETE FROM links WHERE event IN (SELECT id FROM events WHERE item = ?)", (item,))
    base.execute("DELETE FROM events WHERE item = ?", (item,))
    base.execute("DELETE FROM items WHERE id = ?", (item,))


def told(event: Event) -> tuple[str, str]:
    """What is searched of an event: its own words, and those of its file's name and of what stands above it."""
    sort = (event.kind, event.state) if event.kind in ("run", "log", "job") else ()
    return indexed(event.text), indexed(" \n".join((event.place.path.stem, *event.heading, *event.under, *sort)))


def _clean(event: Event) -> Event:
    place = replace(event.place, path=Path(clean(str(event.place.path))), detail=clean(event.place.detail))
    above, items = tuple(map(clean, event.heading)), tuple(map(clean, event.under))
    return replace(event, text=clean(event.text), place=place, project=clean(event.project), heading=above, under=items)


def _section(item: int, event: Event) -> int:
    """A number that the events under one heading share; those of a note without headings are one section."""
    return item << 32 | zlib.crc32("\n".join(event.heading).encode("utf-8", "replace"))


def _row(event: Event) -> tuple[Any, ...]:
    place, when = event.place, event.when
    start, finish = (when.start.isoformat(), when.end.isoformat()) if when else (None, None)
    heading, under = "\n".join(event.heading), "\n".join(event.under)
    where = (str(place.path), place.line, place.last, place.detail)
    return event.kind, event.text, *where, start, finish, event.project, heading, under, event.state


def event_of(row: tuple[Any, ...]) -> Event:
    """The event of a row of COLUMNS."""
    kind, text, path, line, last, detail, start, finish, project, heading, under, state = row
    when = Span(datetime.fromisoformat(start), datetime.fromisoformat(finish)) if start else None
    above, items = (tuple(texts.split("\n")) if texts else () for texts in (heading, under))
    return Event(kind, text, Place(Path(path), line, last, detail), when, project, above, items, state)
