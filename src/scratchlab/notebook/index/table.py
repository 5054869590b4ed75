"""The database of the index: its tables, and events as rows.

items    what was read from each source, with stamp and digest
events   the time line
words    full-text index (FTS5) of events and the headings above them; without the text itself, which is in `events`
changes  counter of changes, by which readers notice that their arrays are outdated
links    the notes, runs and files that an event links to
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

VERSION = 4  # of the tables and of how sources are read; an index of another version is rebuilt
NAME = "lower(replace(key, rtrim(key, replace(key, '/', '')), ''))"  # the file name of a key that is a path
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
    """Opens the index: creates it if it is missing, recreates it if it is damaged or of another version.

    Readable by its owner only. The caller closes it. Raises Problem if the file cannot be used.
    """
    return derived.opened(path, _prepare)


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA secure_delete = FAST")  # text deleted from a note must not survive here
    database.execute("PRAGMA cache_size = -65536")
    if _version(database) != VERSION:
        recreate(database, unless=VERSION)


@contextlib.contextmanager
def exclusive(database: sqlite3.Connection) -> Generator[None]:
    """Holds the lock for refreshing this index; waits for other processes. The lock is released when its process dies."""
    (path,) = (Path(row[2]) for row in database.execute("PRAGMA database_list") if row[1] == "main")
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def snapshot(database: sqlite3.Connection) -> Generator[None]:
    """A read transaction: all reads see the same state, while others may write."""
    database.execute("BEGIN")
    try:
        yield
    finally:
        database.execute("ROLLBACK")


def recreate(database: sqlite3.Connection, unless: int = 0) -> None:
    """Drops and recreates all tables in place, as other processes may have the file open.

    unless: an index of this version is left as it is, as another process may already have recreated it.
    """
    with exclusive(database), transaction(database):
        if _version(database) == unless:
            return
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall()
        for (name,) in sorted(tables, key=lambda row: len(row[0])):  # `words` before its shadow tables
            database.execute(f"DROP TABLE IF EXISTS {name}")
        for statement in SCHEMA.split(";\n"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")


def erase(path: Path, *sources: str) -> None:
    """Erases all events of these sources, also from the disk; existing items return at the next refresh."""
    if not path.is_file():
        return
    with contextlib.closing(opened(path)) as database:
        with exclusive(database), transaction(database):
            for (item,) in database.execute(f"SELECT id FROM items WHERE source IN ({', '.join('?' * len(sources))})", sources).fetchall():
                drop(database, item)
            database.execute("INSERT INTO words(words) VALUES ('optimize')")  # FTS5 keeps deleted words until then
            database.execute("UPDATE changes SET number = number + 1")
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _version(database: sqlite3.Connection) -> int:
    return database.execute("PRAGMA user_version").fetchone()[0]


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Generator[None]:
    """A write transaction."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def digest(content: bytes) -> str:
    """A hash of the content."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def add(database: sqlite3.Connection, taken: Iterable[tuple[int, Event]], links_of: Callable[[str], Iterable[tuple[str, str]]]) -> None:
    """Adds events; taken: (item id, event); links_of: yields the targets of a text's links, and their parts."""
    first = database.execute("SELECT coalesce(max(id), 0) + 1 FROM events").fetchone()[0]
    numbered = [(number, item, _clean(event)) for number, (item, event) in enumerate(taken, first)]
    texts = [(number, *indexed_texts(event)) for number, _, event in numbered]
    rows = [
        (number, item, *_row(event), text[1].count(" ") + 1, _section(item, event))
        for (number, item, event), text in zip(numbered, texts, strict=True)
    ]
    links = [(number, *link) for number, _, event in numbered if "[[" in event.text for link in links_of(event.text)]
    database.executemany(f"INSERT INTO events(id, item, {COLUMNS}, length, section) VALUES ({', '.join('?' * 16)})", rows)
    database.executemany("INSERT INTO words(rowid, body, above) VALUES (?, ?, ?)", texts)
    database.executemany("INSERT INTO links VALUES (?, ?, ?)", links)


def drop(database: sqlite3.Connection, item: int) -> None:
    """Removes an item with its events, words and links."""
    old = database.execute(f"SELECT id, {COLUMNS} FROM events WHERE item = ?", (item,)).fetchall()
    database.executemany(
        "INSERT INTO words(words, rowid, body, above) VALUES ('delete', ?, ?, ?)",
        [(row[0], *indexed_texts(event_of(row[1:]))) for row in old],
    )
    database.execute("DELETE FROM links WHERE event IN (SELECT id FROM events WHERE item = ?)", (item,))
    database.execute("DELETE FROM events WHERE item = ?", (item,))
    database.execute("DELETE FROM items WHERE id = ?", (item,))


def indexed_texts(event: Event) -> tuple[str, str]:
    """The two full-text columns of an event: its text; its file name and the headings and items above it."""
    sort = (event.kind, event.state) if event.kind in ("run", "log", "job") else ()
    return indexed(event.text), indexed(" \n".join((event.place.path.stem, *event.heading, *event.under, *sort)))


def _clean(event: Event) -> Event:
    place = replace(event.place, path=Path(clean(str(event.place.path))), detail=clean(event.place.detail))
    above, items = tuple(map(clean, event.heading)), tuple(map(clean, event.under))
    return replace(event, text=clean(event.text), place=place, project=clean(event.project), heading=above, under=items)


def _section(item: int, event: Event) -> int:
    """A number shared by all events under one heading; a note without headings is one section."""
    return item << 32 | zlib.crc32("\n".join(event.heading).encode("utf-8", "replace"))


def _row(event: Event) -> tuple[Any, ...]:
    place, when = event.place, event.when
    start, finish = (when.start.isoformat(), when.end.isoformat()) if when else (None, None)
    heading, under = "\n".join(event.heading), "\n".join(event.under)
    where = (str(place.path), place.line, place.last, place.detail)
    return event.kind, event.text, *where, start, finish, event.project, heading, under, event.state


def event_of(row: tuple[Any, ...]) -> Event:
    """The event of a row with the columns COLUMNS."""
    kind, text, path, line, last, detail, start, finish, project, heading, under, state = row
    when = Span(datetime.fromisoformat(start), datetime.fromisoformat(finish)) if start else None
    above, items = (tuple(texts.split("\n")) if texts else () for texts in (heading, under))
    return Event(kind, text, Place(Path(path), line, last, detail), when, project, above, items, state)
