"""The blocks of a note as events, each with the time it is about.

The time of a block is the first of: a date it begins with; the date of the nearest parent item; of a preceding line that is only a date;
of the nearest heading; in the file's name or in `date` of the front matter.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from scratchlab.notebook.dates.written import Year, latest, nearest, written
from scratchlab.notebook.events import Event, Place, Span
from scratchlab.notebook.vault.blocks import Block, blocks
from scratchlab.notebook.vault.front_matter import front_matter

DONE = {"x": "done", "X": "done", "-": "dropped"}  # state by the character between a task's brackets; all others are open
_WHOLE = re.compile(r"(?<!\d)(20\d\d)\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})(?!\d)")
_DIGIT = re.compile(r"\d")
_AFTER_BARE = re.compile(r"\s*(?:$|[:：)）(（,，、~～–—-]|(?:mon|tue|wed|thu|fri|sat|sun)|周|星期|[월화수목금토일]요일)", re.IGNORECASE)
_DUE = re.compile(r"\s*(?:까지|전에|前|之前|以前|为止|截止|deadline|due)", re.IGNORECASE)
_TODO = re.compile(r"\W*(?:todo|fixme|to do|待办|할 ?일)\b\s*[:：]?", re.IGNORECASE)
_MARKUP = re.compile(r"^[\s>]*(?:(?:[-*+•·]|\d{1,9}[.)、])\s+)?(?:\[.\]\s+)?")
_BESIDE_A_DATE = re.compile(  # a weekday, a time of day, punctuation
    r"(?:(?>\(?(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?\)?)|周[一二三四五六日天]|星期[一二三四五六日天]|[월화수목금토일](?:요일)?|\d{1,2}:\d{2}|[\W_])*+",
    re.IGNORECASE,
)
LINK = re.compile(r"!?\[\[([^\[\]|\n]+?)(?:\|[^\[\]\n]*)?\]\]")


@dataclass
class _Above:
    """A heading or list item above the current block."""

    level: int
    text: str
    when: Span | None
    number: int = -1  # index of its event


@dataclass
class _Reader:
    """The state while reading a note."""

    path: Path
    project: str
    when: Span | None
    year: Year  # for dates without a year: the year that brings them nearest to the last date before
    headings: list[_Above] = field(default_factory=list)
    items: list[_Above] = field(default_factory=list)
    line: Span | None = None  # the last line that was only a date
    table: tuple[int, str] = (-1, "")  # last line of the current table, and its header row
    events: list[Event] = field(default_factory=list)


def events(path: Path, lines: Sequence[str], known: date, folder: str = "") -> list[Event]:
    """The events of a note, in order.

    known: a day by which the note was written (e.g. the file's modification date), for dates without a year if the note has no full date.
    folder: the project of a note that does not name one in its front matter.
    """
    meta, first = front_matter(lines)
    dated = written(path.stem, latest(known), leading=True) or written(_as_text(meta.get("date")), latest(known))
    first_day = dated[0].span.start.date() if dated else _anchor(lines)
    year = nearest(first_day) if first_day else latest(known)
    project = meta.get("project")
    named = project if isinstance(project, str) and project else folder or path.stem
    reader = _Reader(path, named, dated[0].span if dated else None, year)
    for block in blocks(lines, first):
        _read(reader, block)
    return reader.events


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _anchor(lines: Sequence[str]) -> date | None:
    """The first full date in a note."""
    for line in lines:
        for match in _WHOLE.finditer(line):
            with contextlib.suppress(ValueError):
                return date(*map(int, match.groups()))
    return None


def _read(reader: _Reader, block: Block) -> None:
    text = _MARKUP.sub("", block.text, count=1)
    own, rest = _date(text, reader.year, block.kind == "heading")
    if own:
        reader.year = nearest(own.start.date())
    if block.kind == "heading":
        reader.headings = [above for above in reader.headings if above.level < block.level]
        reader.items.clear()
        reader.line = None
    elif block.kind == "item" or block.level:
        reader.items = [above for above in reader.items if above.level < block.level]
    else:
        reader.items.clear()
    bare = own is not None and not rest
    if bare and block.kind in ("paragraph", "quote"):
        reader.line = own
        return
    when = own or _nearest(reader)
    if not (bare and block.kind == "heading"):
        _add(reader, block, text, when)
    if block.kind == "heading":
        reader.headings.append(_Above(block.level, block.text, own))
    elif block.kind == "item":
        reader.items.append(_Above(block.level, text.split("\n", 1)[0], own, len(reader.events) - 1))


def _nearest(reader: _Reader) -> Span | None:
    items, headings = ([entry.when for entry in reversed(above) if entry.when] for above in (reader.items, reader.headings))
    return next(iter([*items[:1], *([reader.line] if reader.line else []), *headings[:1]]), reader.when)


def _date(text: str, year: Year, heading: bool) -> tuple[Span | None, bool]:
    """The date at the start of a text, and whether the text contains more than that.

    Unlike a heading, a line that begins with a month (`5월 말까지`) or with a due date is not about that time.
    """
    head = text[:80]
    if not _DIGIT.search(head):
        return None, True
    found = written(head, year, leading=True)
    if not found or _BESIDE_A_DATE.fullmatch(head, 0, found[0].start) is None:
        return None, True
    if not heading and (found[0].month or _DUE.match(head, found[0].end)):
        return None, True
    if not heading and len(text[found[0].start : found[0].end]) < 6 and not _AFTER_BARE.match(head, found[0].end):
        return None, True  # `10-20 epochs`, `3/4 of the runs`
    return found[0].span, _BESIDE_A_DATE.fullmatch(text, found[0].end) is None


def _add(reader: _Reader, block: Block, text: str, when: Span | None) -> None:
    kind, state = "heading" if block.kind == "heading" else "note", ""
    if block.mark is not None:
        kind, state = "task", DONE.get(block.mark, "open")
    elif block.kind in ("item", "paragraph") and _TODO.match(text):
        kind, state = "task", "open"
    elif block.kind in ("item", "paragraph") and len(text) < 400 and text.rstrip(" *_=").endswith(("?", "？")):
        kind, state = "question", "open"
    if reader.items and block.kind in ("item", "paragraph", "quote", "code"):
        parent = reader.events[reader.items[-1].number]
        if parent.kind == "question" and kind != "question":  # an item below a question answers it
            reader.events[reader.items[-1].number] = replace(parent, state="done")
    under = tuple(above.text for above in reader.items)
    if block.kind == "row":
        last, head = reader.table
        reader.table = (block.line, block.text if block.line > last + 2 else head)
        under = () if reader.table[1] == block.text else (reader.table[1],)
    place = Place(reader.path, block.line, block.last)
    heading = tuple(above.text for above in reader.headings)
    reader.events.append(Event(kind, block.text, place, when, reader.project, heading, under, state))


def links(text: str) -> Iterator[tuple[str, str]]:
    """Yields the wikilinks of a text: the target, and the part of it: a heading (`2025/04/10`), a block's id (`^a1`) or "".

    >>> list(links("see [[formant_residual#2025/04/10]], ![[plot.svg|300]]"))
    [('formant_residual', '2025/04/10'), ('plot.svg', '')]
    """
    for match in LINK.finditer(text):
        note, _, part = match[1].partition("#")
        yield note.strip(), part.strip()
