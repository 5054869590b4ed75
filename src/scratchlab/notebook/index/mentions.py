"""Who names whom: runs, logs and notes, both ways.

A name is searched as a phrase by the full text, and looked for again in what was found; a path or a note is looked up by its name among
the things that were read. Neither reads the whole table.
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
RUN = re.compile(r"(?P<name>[\w.+-]*-)?(?P<key>[0-9a-f]{8})(?:-\d+)?(?![\w-])", re.IGNORECASE)  # the folder of a run ends with its key
_RUN_NAME = re.compile(r".+-([0-9a-f]{8})(?:-\d+)?", re.IGNORECASE)
_IN_TEXT = re.compile(rf"(?<![\w.+-]){RUN.pattern}", re.IGNORECASE)
_PATH = re.compile(r"(?:~|\.{0,2})/?[\w.+-]+(?:/[\w.+ -]*[\w.+-])+|[\w+-]+\.\w{1,8}\b")
_LETTERS = re.compile(r"[^\W_]+")


def mentions(base: sqlite3.Connection, name: str) -> list[Event]:
    """The notes, tasks, questions and papers that name a thing, in the order of their places.

    name: of a run (its key alone also counts), the path of a log or a folder (its last two parts also count), or a note's name, which
        counts where it is linked.
    """
    found: dict[int, Event] = {}
    for called in _called(name):
        phrase = indexed(" ".join(_LETTERS.findall(called)))
        if not phrase.strip():
            continue
        rows = base.execute(
            f"SELECT id, {COLUMNS} FROM words JOIN events ON events.id = words.rowid "
            "WHERE words MATCH ? AND kind NOT IN ('run', 'log', 'job')",
            (f'"{phrase}"',),
        )
        of_note = "/" not in called and not RUN.fullmatch(called)
        exact = re.compile(rf"(?<![\w-]){re.escape(called)}(?!\w|-\d)", re.IGNORECASE)
        for row in rows:
            one = event_of(row[1:])
            if _linked(one.text, called) if of_note else any(exact.search(text) for text in (one.text, *one.heading, *one.under)):
                found[row[0]] = one
    return sorted(found.values(), key=lambda one: (str(one.place.path), one.place.line))


def _linked(text: str, name: str) -> bool:
    return any(Path(target).name.casefold() in (f"{name}{end}".casefold() for end in ENDS) for target, _ in links(text))


def mentioned(base: sqlite3.Connection, about: Event) -> list[Event]:
    """What an event names: runs by name or key, notes and their parts by links, logs and other files by path; each once, in its order."""
    found: dict[tuple[str, str], Event] = {}
    for target, part in links(about.text):
        if place := resolve(base, target, part):
            for one in _at(base, place):
                found.setdefault((str(one.place), one.text), one)
    for match in _IN_TEXT.finditer(about.text):
        for one in _runs(base, match):
            found.setdefault((str(one.place), one.text), one)
    for match in _PATH.finditer(about.text):
        for key in _keys_of_path(base, match[0], about.place.path.parent):
            for one in _first(base, key):
                found.setdefault((str(one.place), one.text), one)
    return [one for one in found.values() if one.place != about.place]


def resolve(base: sqlite3.Connection, target: str, part: str = "") -> Place | None:
    """Where a wikilink leads: a note, a run or a file by its name, whatever its case; of several the one of the shortest path.

    target: what stands before the #, `formant` or `kws/formant`.
    part: what stands behind it: a heading (of a nested one, the last is looked for; a date in whatever form), or `^` and the id of a block.

    None where there is no such thing, or no such part of it.
    """
    keys = _keys(base, target)
    if not keys:
        return None
    path = Path(min(keys, key=lambda key: (key.count("/"), len(key), key)))
    if path.is_dir():
        of_run = _first(base, str(path))
        return of_run[0].place if of_run and not part else None
    if not part:
        return Place(path, 1, 1)
    try:
        line = _line(lines(path.read_bytes()), part)
    except OSError:  # it went since it was read
        return None
    return Place(path, line, line) if line else None


def _line(text: Sequence[str], part: str) -> int:
    """The line of a part of a note; 0 if it has no such part."""
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
    """Its words alone: links leave out what marks them."""
    return " ".join(_LETTERS.findall(heading.casefold()))


def _called(name: str) -> Iterator[str]:
    """The ways in which a text may name it."""
    whole = name.rstrip("/")
    yield whole
    parts = whole.split("/")
    if len(parts) > 2:
        yield "/".join(parts[-2:])
    if run := _RUN_NAME.fullmatch(parts[-1]):
        if len(parts) > 1:
            yield parts[-1]
        if parts[-1].endswith(run[1]):  # a repetition, `-2`, shares the key of the first
            yield run[1]


def _keys(base: sqlite3.Connection, target: str) -> list[str]:
    """Of things with this name, and below folders of these names if it has some."""
    *above, name = target.strip().rstrip("/").split("/")
    among = ", ".join(["lower(?)"] * len(ENDS))
    found = base.execute(f"SELECT key FROM items WHERE {NAME} IN ({among})", [name + end for end in ENDS])
    below = [folder.lower() for folder in above]
    return [key for (key,) in found if not below or key.lower().split("/")[-len(below) - 1 : -1] == below]


def _runs(base: sqlite3.Connection, match: re.Match[str]) -> list[Event]:
    if match["name"]:
        return [one for key in _keys(base, match[0]) for one in _first(base, key) if one.kind == "run"]
    rows = base.execute(
        f"SELECT {COLUMNS} FROM words JOIN events ON events.id = words.rowid WHERE words MATCH ? AND kind = 'run' AND state != 'hole'",
        (f'"{match["key"]}"',),
    )
    called = f"-{match['key'].lower()}"
    return [one for row in rows if (one := event_of(row)).text.split("\n", 1)[0].split(": ", 1)[0].endswith(called)]


def _keys_of_path(base: sqlite3.Connection, said: str, beside: Path) -> list[str]:
    """Of the thing at a path; of one that does not say where it begins, if no other thing is called so."""
    if said.startswith((".", "~", "/")):
        path = os.path.normpath(beside / Path(said).expanduser())
        return [key for key in _keys(base, Path(path).name) if key == path]
    found = _keys(base, said)
    return found if len(found) == 1 else []


def _first(base: sqlite3.Connection, key: str) -> list[Event]:
    """The first event of a thing."""
    return _of_item(base, key, 0)


def _at(base: sqlite3.Connection, place: Place) -> list[Event]:
    """The event at a place, or the first one behind it: headings that are but a date are no events."""
    return _of_item(base, str(place.path), place.line) or _first(base, str(place.path.parent))


def _of_item(base: sqlite3.Connection, key: str, line: int) -> list[Event]:
    """The first event of a thing that ends at this line or later."""
    asked = f"SELECT id FROM items WHERE {NAME} = lower(?) AND +key = ?"  # with the plus, SQLite sees that the index of names will do
    rows = base.execute(
        f"SELECT {COLUMNS} FROM events WHERE item IN ({asked}) AND last >= ? ORDER BY line, id LIMIT 1", (Path(key).name, key, line)
    )
    return [event_of(row) for row in rows]
