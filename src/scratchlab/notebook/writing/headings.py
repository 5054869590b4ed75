"""The headings of a note and the ends of their sections, according to CommonMark: none inside code, lists, quotes or front matter.

Reading a diary (`vault/blocks.py`) is lenient and guesses what the writer meant; writing must place text where Obsidian shows it.
Source: https://spec.commonmark.org/0.31.2/, sections 4.2, 4.3 and 4.5, by way of markdown-it-py.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin


@dataclass(frozen=True)
class Heading:
    """A heading.

    level: 1 to 6. line: its first line, counted from 0. body: the line after it. end: the end of its section, the line of the next heading.
    path: the headings above it, outermost first, and its own text.
    """

    level: int
    line: int
    body: int
    end: int
    path: tuple[str, ...]

    @property
    def text(self) -> str:
        """The heading's text without markup characters."""
        return self.path[-1]


@dataclass(frozen=True)
class Block:
    """A block without headings: code, HTML or front matter; or a rule (thematic break)."""

    line: int
    end: int
    rule: bool = False


@functools.cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").use(front_matter_plugin)


def outline(texts: list[str]) -> tuple[list[Heading], list[Block]]:
    """The headings of a note, and its blocks of code, HTML and front matter and its rules."""
    tokens = _parser().parse("\n".join(texts))
    blocks = [
        Block(token.map[0], token.map[1])
        for token in tokens
        if token.map and token.type in ("fence", "code_block", "html_block", "front_matter")
    ]
    blocks += [Block(token.map[0], token.map[1], rule=True) for token in tokens if token.map and token.type == "hr" and token.level == 0]
    headings = [(token, tokens[index + 1]) for index, token in enumerate(tokens) if token.type == "heading_open" and token.level == 0]
    return _nested([(token, inline.content) for token, inline in headings], len(texts)), blocks


def _nested(found: list[tuple[Token, str]], count: int) -> list[Heading]:
    levels = [int(token.tag[1:]) for token, _ in found]
    maps = [token.map or [0, 0] for token, _ in found]
    above: list[tuple[int, str]] = []
    headings: list[Heading] = []
    for index, ((_, text), level) in enumerate(zip(found, levels, strict=True)):
        above = [*((higher, title) for higher, title in above if higher < level), (level, spaced_once(text))]
        end = maps[index + 1][0] if index + 1 < len(found) else count
        headings.append(Heading(level, maps[index][0], maps[index][1], end, tuple(title for _, title in above)))
    return headings


def spaced_once(text: str) -> str:
    """The text on one line, with single spaces."""
    return " ".join(text.split())


def plain(text: str) -> str:
    """A heading as in links: without emphasis and the characters that links cannot contain.

    >>> plain("**2025/04/10**: which `loss`?")
    '2025/04/10 which loss ?'
    """
    return " ".join(re.sub(r"[#^\[\]|:*_`=~\\]", " ", text).split()).casefold()
