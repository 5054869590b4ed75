"""Splits lines of Markdown into blocks: headings, list items, paragraphs, quotes, table rows, code.

No line is lost: each line that is not blank belongs to a block, a rule or the front matter. Blocks keep the original text. Where diaries
and CommonMark differ, the reading usual in diaries is used: `---` under several lines is a rule, not a heading; a long paste becomes
several blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["heading", "item", "paragraph", "quote", "row", "code"]
MOST = 12  # maximum lines of a block; longer ones are split, so that an answer points at a few lines

_HEADING = re.compile(r" {0,3}(#{1,6})(?=\s|$)(.*)")
_ITEM = re.compile(r"(\s*)(?:[-*+•·]|\d{1,9}[.)、])(\s+|$)(?:\[(.)\](?:\s+|$))?")
_FENCE = re.compile(r"\s*(?:>\s*)*(?:(?:[-*+]|\d{1,9}[.)])\s+)?(`{3,}|~{3,})([^`]*)$")
_RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)\s*$")
_QUOTE = re.compile(r"\s{0,3}>")
_DIVIDER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")


@dataclass
class Block:
    """A block of a note.

    line, last: first and last line, counted from 1, inclusive.
    text: the lines as they are; for a heading, without its markup.
    level: level of a heading, 1 to 6; else the indentation in columns.
    mark: the character between a task's brackets; None if it is no task.
    """

    kind: Kind
    line: int
    last: int
    text: str
    level: int = 0
    mark: str | None = None


def blocks(lines: Sequence[str], first: int = 1) -> Iterator[Block]:
    """Yields the blocks of a note in order, from line `first` on (after the front matter)."""
    at, end = first - 1, len(lines)
    while at < end:
        line = lines[at]
        if not line or line.isspace():
            at += 1
            continue
        if fence := _FENCE.match(line):
            close = _closing(lines, at, fence[1])
            yield from _cut("code", lines, at, close, _columns(line))
        elif heading := _HEADING.match(line):
            close = at
            yield Block("heading", at + 1, at + 1, _titled(heading[2]), len(heading[1]))
        elif _RULE.match(line):
            close = at
        elif item := _ITEM.match(line):
            close = _run(lines, at)
            yield from _cut("item", lines, at, close, _columns(line), item[3])
        elif "|" in line and at + 1 < end and "|" in lines[at + 1] and _DIVIDER.match(lines[at + 1]):
            close = _table(lines, at)
            yield from (Block("row", i + 1, i + 1, lines[i], _columns(line)) for i in range(at, close + 1) if i != at + 1)
        elif _QUOTE.match(line):
            close = _quote(lines, at)
            yield from _cut("quote", lines, at, close)
        elif at + 1 < end and len(line) < 120 and _underlined(lines[at + 1]):
            close = at + 1
            yield Block("heading", at + 1, at + 2, line.strip(), 1 if "=" in lines[close] else 2)
        else:
            close = _run(lines, at)
            yield from _cut("paragraph", lines, at, close, _columns(line))
        at = close + 1


def _titled(text: str) -> str:
    """The text of a heading, without closing number signs."""
    text = text.strip()
    bare = text.rstrip("#")
    return bare.rstrip() if not bare or bare[-1].isspace() else text


def _underlined(following: str) -> bool:
    underline = _UNDERLINE.match(following)
    return underline is not None and len(underline[1]) >= 3


def _columns(line: str) -> int:
    """The indentation of a line in columns; tab stops are multiples of four."""
    if line[:1] not in (" ", "\t"):
        return 0
    indent = line[: len(line) - len(line.lstrip())].expandtabs(4)
    return len(indent)


def _quote(lines: Sequence[str], at: int) -> int:
    while at + 1 < len(lines) and _QUOTE.match(lines[at + 1]) and not _FENCE.match(lines[at + 1]):
        at += 1
    return at


def _run(lines: Sequence[str], at: int) -> int:
    """The last line of a paragraph or list item: it ends before a blank line or the start of another block."""
    end = len(lines)
    at += 1
    while at < end:
        line = lines[at]
        if not line or line.isspace():
            break
        head = line.lstrip()[:1]
        if head == "|" or (
            head in "#`~>-*+•·_=0123456789"
            and (_HEADING.match(line) or _FENCE.match(line) or _ITEM.match(line) or _RULE.match(line) or _QUOTE.match(line))
        ):
            break
        at += 1
    return at - 1


def _closing(lines: Sequence[str], at: int, fence: str) -> int:
    """The line of the closing fence; the last line of the note if it is missing."""
    closing = re.compile(rf"\s*(?:>\s*)*{re.escape(fence[0])}{{{len(fence)},}}\s*$")
    for i in range(at + 1, len(lines)):
        if fence[0] in lines[i] and closing.match(lines[i]):
            return i
    return len(lines) - 1


def _table(lines: Sequence[str], at: int) -> int:
    at += 1
    while at + 1 < len(lines) and "|" in lines[at + 1] and not _HEADING.match(lines[at + 1]):
        at += 1
    return at


def _cut(kind: Kind, lines: Sequence[str], at: int, close: int, level: int = 0, mark: str | None = None) -> Iterator[Block]:
    for i in range(at, close + 1, MOST):
        j = min(i + MOST - 1, close)
        yield Block(kind, i + 1, j + 1, "\n".join(lines[i : j + 1]) if j > i else lines[i], level, mark if i == at else None)
