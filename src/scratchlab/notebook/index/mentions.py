"""Mentions between notes, runs and logs, in both directions.

Names are searched with the full-text index and checked exactly in its matches; paths and notes are looked up by name among the indexed
items. Neither reads the whole table.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from scratchlab.notebook.dates.headings import of_day
from scratchlab.notebook.events import Event, Place
from scratchlab.notebook.index.table import COLUMNS, NAME, event_of
from scratchlab.notebook.index.words import indexed
from scratchlab.notebook.vault.blocks import blocks
from scratchlab.notebook.vault.decoding import lines
from scratchlab.notebook.vault.front_matter import front_matter
from scratchlab.notebook.vault.notes import links

ENDS = ("", ".md", ".markdown", ".mdown", ".txt")
RUN = re.compile(r"(?P<name>[\w.+-]*-)?(?P<key>[0-9a-f]{8})(?:-\d+)?(?![\w-])", re.IGNORECASE)  # a run's folder ends with its key
_RUN_NAME = re.compile(r".+-([0-9a-f]{8})(?:-\d+)?", re.IGNORECASE)
_IN_TEXT = re.compile(rf"(?<![\w.+-]){RUN.pattern}", re.IGNORECASE)
_PATH = re.compile(r"(?:~|\.{0,2})/?[\w.+-]+(?:/[\w.+ -]*[\w.+-])+|[\w+-]+\.\w{1,8}\b")
_LETTERS = re.compile(r"[^\W_]+")


def mentions(database: sqlite3.Connection, name: str) -> list[Event]:
    """The notes, tasks, questions and papers that mention an item, in the order of their places.

    name: a run's name (its key alone also matches), the path of a log or folder (its last two parts also match), or a note's name (only
        links match).
    """
    found: dict[int, Event] = {}
    for spelling in _spellings(name):
        phrase = indexed(" ".join(_LETTERS.findall(spelling)))
        if not phrase.strip():
            continue
        rows = database.execute(
            f"SELECT id, {COLUMNS} FROM words JOIN events ON events.id = words.rowid "
            "WHERE words MATCH ? AND kind NOT IN ('run', 'log', 'job')",
            (f'"{phrase}"',),
        )
        of_note = "/" not in spelling and not RUN.fullmatch(spelling)
        exact = re.compile(rf"(?<![\w-]){re.escape(spelling)}(?!\w|-\d)", re.IGNORECASE)
        for row in rows:
            event = event_of(row[1:])
            if _linked(event.text, spelling) if of_note else any(exact.search(text) for text in (event.text, *event.heading, *event.under)):
                found[row[0]] = event
    return sorted(found.values(), key=lambda event: (str(event.place.path), event.place.line))


def _linked(text: str, name: str) -> bool:
    return any(Path(target).name.casefold() in (f"{name}{end}".casefold() for end in ENDS) for target, _ in links(text))


def mentioned(database: sqlite3.Connection, about: Event) -> list[Event]:
    """What an event mentions, in order, without duplicates: runs by name or key, notes and their parts by links, files by path."""
    found: dict[tuple[str, str], Event] = {}
    for target, part in links(about.text):
        if place := resolve(database, target, part):
            for event in _at(database, place):
                found.setdefault((str(event.place), event.text), event)
    for match in _IN_TEXT.finditer(about.text):
        for event in _runs(database, match):
            found.setdefault((str(event.place), event.text), event)
    for match in _PATH.finditer(about.text):
        for key in _keys_of_path(database, match[0], about.place.path.parent):
            for event in _first(database, key):
                found.setdefault((str(event.place), event.text), event)
    return [event for event in found.values() if event.place != about.place]


def resolve(database: sqlite3.Connection, target: str, part: str = "") -> Place | None:
    """The target of a wikilink: a note, run or file by its name, ignoring case; of several, the one with the shortest path.

    target: the part before the #, `formant` or `kws/formant`.
    part: the part after it: a heading (of a nested path, the last; dates in any form), or `^` and a block's id.

    Returns None if there is no such item, or no such part of it.
    """
    keys = _keys(database, target)
    if not keys:
        return None
    path = Path(min(keys, key=lambda key: (key.count("/"), len(key), key)))
    if path.is_dir():
        of_run = _first(database, str(path))
        return of_run[0].place if of_run and not part else None
    if not part:
        return Place(path, 1, 1)
    try:
        line = _line(lines(path.read_bytes()), part)
    except OSError:  # deleted since it was indexed
        return None
    return Place(path, line, line) if line else None


def _line(text: Sequence[str], part: str) -> int:
    """The line of a heading or block of a note; 0 if there is none."""
    if part.startswith("^"):
        sign = re.compile(rf"(?:^|\s){re.escape(part)}\s*$", re.IGNORECASE)
        return next((number for number, line in enumerate(text, 1) if sign.search(line)), 0)
    wanted = part.rpartition("#")[2]
    headings = [block for block in blocks(text, front_matter(text)[1]) if block.kind == "heading"]
    for block in headings:
        if _plain(block.text) == _plain(wanted):
            return block.line
    days = of_day([block.text for block in headings], wanted)
    return headings[days[0]].line if days else 0


def _plain(heading: str) -> str:
    """The words of a heading without markup, as in links."""
    return " ".join(_LETTERS.findall(heading.casefold()))


def _spellings(name: str) -> Iterator[str]:
    """The forms in which a text may mention the name."""
    whole = name.rstrip("/")
    yield whole
    parts = whole.split("/")
    if len(parts) > 2:
        yield "/".join(parts[-2:])
    if run := _RUN_NAME.fullmatch(parts[-1]):
        if len(parts) > 1:
            yield parts[-1]
        if parts[-1].endswith(run[1]):  # a repetition (`-2`) has the same key as the first run
            yield run[1]


def _keys(database: sqlite3.Connection, target: str) -> list[str]:
    """The keys of items with this name (below these folders, if it is a path)."""
    *above, name = target.strip().rstrip("/").split("/")
    among = ", ".join(["lower(?)"] * len(ENDS))
    found = database.execute(f"SELECT key FROM items WHERE {NAME} IN ({among})", [name + end for end in ENDS])
    below = [folder.lower() for folder in above]
    return [key for (key,) in found if not below or key.lower().split("/")[-len(below) - 1 : -1] == below]


def _runs(database: sqlite3.Connection, match: re.Match[str]) -> list[Event]:
    if match["name"]:
        return [event for key in _keys(database, match[0]) for event in _first(database, key) if event.kind == "run"]
    rows = database.execute(
        f"SELECT {COLUMNS} FROM words JOIN events ON events.id = words.rowid WHERE words MATCH ? AND kind = 'run' AND state != 'hole'",
        (f'"{match["key"]}"',),
    )
    called = f"-{match['key'].lower()}"
    return [event for row in rows if (event := event_of(row)).text.split("\n", 1)[0].split(": ", 1)[0].endswith(called)]


def _keys_of_path(database: sqlite3.Connection, path_text: str, beside: Path) -> list[str]:
    """The key of the item at a path; for a relative path without ./ or ../, only if the match is unique."""
    if path_text.startswith((".", "~", "/")):
        path = os.path.normpath(beside / Path(path_text).expanduser())
        return [key for key in _keys(database, Path(path).name) if key == path]
    found = _keys(database, path_text)
    return found if len(found) == 1 else []


def _first(database: sqlite3.Connection, key: str) -> list[Event]:
    """The first event of an item."""
    return _of_item(database, key, 0)


def _at(database: sqlite3.Connection, place: Place) -> list[Event]:
    """The event at a place, or the first after it, as headings that are only a date are no events."""
    return _of_item(database, str(place.path), place.line) or _first(database, str(place.path.parent))


def _of_item(database: sqlite3.Connection, key: str, line: int) -> list[Event]:
    """The first event of an item that ends at this line or later."""
    items = f"SELECT id FROM items WHERE {NAME} = lower(?) AND +key = ?"  # the plus makes SQLite use the index of names
    rows = database.execute(
        f"SELECT {COLUMNS} FROM events WHERE item IN ({items}) AND last >= ? ORDER BY line, id LIMIT 1", (Path(key).name, key, line)
    )
    return [event_of(row) for row in rows]
