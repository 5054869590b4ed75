"""The headings of a note and where what stands under each ends, as CommonMark has them: none inside code, lists, quotes or front matter.

Reading a diary (`vault/blocks.py`) goes by what its writer meant, and guesses; what is written must stand where Obsidian shows it.
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
    """level: 1 to 6. line: its first, counted from 0. body: the line after it. end: the line after what is its own: the next heading's.

    path: the headings above it, outermost first, and its own text.
    """

    level: int
    line: int
    body: int
    end: int
    path: tuple[str, ...]

    @property
    def text(self) -> str:
        """As it stands there, without its marks."""
        return self.path[-1]


@dataclass(frozen=True)
class Block:
    """Lines in which nothing is a heading whatever it looks like: code, HTML, front matter; or a rule, which parts sections."""

    line: int
    end: int
    rule: bool = False


@functools.cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").use(front_matter_plugin)


def outline(texts: list[str]) -> tuple[list[Heading], list[Block]]:
    """The headings of a note's lines, and its blocks of code and the like and its rules."""
    tokens = _parser().parse("\n".join(texts))
    closed = [
        Block(token.map[0], token.map[1])
        for token in tokens
        if token.map and token.type in ("fence", "code_block", "html_block", "front_matter")
    ]
    closed += [Block(token.map[0], token.map[1], rule=True) for token in tokens if token.map and token.type == "hr" and token.level == 0]
    opened = [(token, tokens[place + 1]) for place, token in enumerate(tokens) if token.type == "heading_open" and token.level == 0]
    return _nested([(token, inline.content) for token, inline in opened], len(texts)), closed


def _nested(found: list[tuple[Token, str]], count: int) -> list[Heading]:
    levels = [int(token.tag[1:]) for token, _ in found]
    maps = [token.map or [0, 0] for token, _ in found]
    above: list[tuple[int, str]] = []
    made: list[Heading] = []
    for place, ((_, text), level) in enumerate(zip(found, levels, strict=True)):
        above = [*((higher, called) for higher, called in above if higher < level), (level, spaced_once(text))]
        end = maps[place + 1][0] if place + 1 < len(found) else count
        made.append(Heading(level, maps[place][0], maps[place][1], end, tuple(called for _, called in above)))
    return made


def spaced_once(text: str) -> str:
    """A heading on one line, with single spaces."""
    return " ".join(text.split())


def plain(text: str) -> str:
    """A heading as links name it: without the characters that a link cannot hold, and without emphasis.

    >>> plain("**2025/04/10**: which `loss`?")
    '2025/04/10 which loss ?'
    """
    return " ".join(re.sub(r"[#^\[\]|:*_`=~\\]", " ", text).split()).casefold()
