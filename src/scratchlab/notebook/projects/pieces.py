"""Splits configs, shell scripts and Makefiles into pieces: tables, keys, targets, paragraphs, each with its lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scratchlab.notebook.projects.scripts import python

MOST = 40  # maximum lines of a piece; longer ones are split


@dataclass(frozen=True)
class Piece:
    """A piece of a file; line, last: its first and last line, counted from 1."""

    line: int
    last: int


def pieces(end: str, lines: Sequence[str]) -> list[Piece]:
    """The pieces of a file of this type (`texts.text_type`), without those that contain no letter or digit."""
    return [
        Piece(first, min(first + MOST, last + 1) - 1)
        for start, last in SPLITTERS[end](lines)
        for first in range(start, last + 1, MOST)
        if any(character.isalnum() for line in lines[first - 1 : min(first + MOST - 1, last)] for character in line)
    ]


def _at(begins: Callable[[Sequence[str], int], bool], lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Splits before each line for which `begins(lines, index)` is true, including the comments directly above it."""
    starts = [0]
    for i in range(1, len(lines)):
        if begins(lines, i):
            while i - 1 >= starts[-1] and lines[i - 1].startswith(("#", ";")):
                i -= 1
            if i > starts[-1]:
                starts.append(i)
    for start, following in zip(starts, [*starts[1:], len(lines)], strict=True):
        last = following
        while last > start and not lines[last - 1].strip():
            last -= 1
        if last > start:
            yield start + 1, last


def _table(lines: Sequence[str], i: int) -> bool:
    return lines[i].startswith("[")


def _key(lines: Sequence[str], i: int) -> bool:
    """Whether a line is a top-level YAML key that opens or follows an indented block."""
    line = lines[i]
    opens = bool(re.match(r"[^\s#\-][^#]*:\s*(#.*)?$", line))
    return opens or (bool(re.match(r"[^\s#]", line)) and lines[i - 1].startswith((" ", "\t")) and not line.startswith(("-", "}", "]")))


def _member(lines: Sequence[str], i: int) -> bool:
    """Whether a line is a member of the outermost JSON object that opens or follows a nested one."""
    indent = len(lines[1]) - len(lines[1].lstrip()) if len(lines) > 1 else 0
    outermost = indent and re.match(rf" {{{indent}}}\"|\t\"", lines[i])
    return bool(outermost) and (lines[i].rstrip().endswith(("{", "[")) or lines[i - 1].strip().startswith(("}", "]")))


def _target(lines: Sequence[str], i: int) -> bool:
    return bool(re.match(r"[^\s#=:][^=]*:(?!=)", lines[i]))


def _paragraph(lines: Sequence[str], i: int) -> bool:
    return bool(lines[i].strip()) and not lines[i - 1].strip()


def _by(begins: Callable[[Sequence[str], int], bool]) -> Callable[[Sequence[str]], Iterator[tuple[int, int]]]:
    return lambda lines: _at(begins, lines)


SPLITTERS: dict[str, Callable[[Sequence[str]], Iterator[tuple[int, int]]]] = {
    **dict.fromkeys((".toml", ".ini", ".cfg", ".conf"), _by(_table)),
    **dict.fromkeys((".yaml", ".yml"), _by(_key)),
    ".json": _by(_member),
    "makefile": _by(_target),
    **dict.fromkeys((".sh", ".bash", ".sbatch", ".slurm", ".rst", "readme"), _by(_paragraph)),
    ".py": python,
}
