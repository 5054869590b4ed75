"""A note: its blocks as events, each with the time it tells of.

The time of a block is, in this order: a date it begins with; that of the nearest item it hangs under, or heading it stands under, which
has one; a line before it that holds nothing but a date; the date in the file's name, or `date` of its front matter.
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

DONE = {"x": "done", "X": "done", "-": "dropped"}  # what stands between a task's brackets; anything else is open
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
    """A heading or an item that what follows stands under."""

    level: int
    text: str
    when: Span | None
    number: int = -1  # of the event made of it


@dataclass
class _Reader:
    """What is known of a note on the way through it."""

    path: Path
    project: str
    when: Span | None
    year: Year  # of a date that has none: that which brings it nearest to the last date before it
    headings: list[_Above] = field(default_factory=list)
    items: list[_Above] = field(default_factory=list)
    line: Span | None = None  # of a line that was nothing but a date
    table: tuple[int, str] = (-1, "")  # the last line of the table at hand, and its head
    events: list[Event] = field(default_factory=list)


def events(path: Path, lines: Sequence[str], known: date, folder: str = "") -> list[Event]:
    """The events of a note, in its order.

    known: a day by which it was written (of the file, say), for dates without a year in a note that has none.
    folder: what the note belongs to if it does not say.
    """
    meta, first = front_matter(lines)
    dated = written(path.stem, latest(known), leading=True) or written(_said(meta.get("date")), latest(known))
    first_day = dated[0].span.start.date() if dated else _anchor(lines)
    year = nearest(first_day) if first_day else latest(known)
    project = meta.get("project")
    named = project if isinstance(project, str) and project else folder or path.stem
    reader = _Reader(path, named, dated[0].span if dated else None, year)
    for block in blocks(lines, first):
        _read(reader, block)
    return reader.events


def _said(value: object) -> str:
    return value if isinstance(value, str) else ""


def _anchor(lines: Sequence[str]) -> date | None:
    """The first day that a note writes with its year."""
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
        reader.headings = [one for one in reader.headings if one.level < block.level]
        reader.items.clear()
        reader.line = None
    elif block.kind == "item" or block.level:
        reader.items = [one for one in reader.items if one.level < block.level]
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
    items, headings = ([one.when for one in reversed(above) if one.when] for above in (reader.items, reader.headings))
    return next(iter([*items[:1], *([reader.line] if reader.line else []), *headings[:1]]), reader.when)


def _date(text: str, year: Year, heading: bool) -> tuple[Span | None, bool]:
    """The date that a text begins with, and whether it says more than that.

    A line that begins with a month (`5월 말까지`) or with a day until which something is due is not of that time, unlike a heading.
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
        asked = reader.events[reader.items[-1].number]
        if asked.kind == "question" and kind != "question":  # what hangs under a question answers it
            reader.events[reader.items[-1].number] = replace(asked, state="done")
    under = tuple(one.text for one in reader.items)
    if block.kind == "row":
        last, head = reader.table
        reader.table = (block.line, block.text if block.line > last + 2 else head)
        under = () if reader.table[1] == block.text else (reader.table[1],)
    place = Place(reader.path, block.line, block.last)
    heading = tuple(one.text for one in reader.headings)
    reader.events.append(Event(kind, block.text, place, when, reader.project, heading, under, state))


def links(text: str) -> Iterator[tuple[str, str]]:
    """The wikilinks of a text: what each leads to, and where in it: a heading's name (`formant`, `2025/04/10`) or a block's (`^a1`).

    >>> list(links("see [[formant_residual#2025/04/10]], ![[plot.svg|300]]"))
    [('formant_residual', '2025/04/10'), ('plot.svg', '')]
    """
    for match in LINK.finditer(text):
        note, _, part = match[1].partition("#")
        yield note.strip(), part.strip()
