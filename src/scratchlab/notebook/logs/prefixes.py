"""Prefixes that loggers write before the message: times, levels, files, ranks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scratchlab.notebook.logs import names
from scratchlab.notebook.logs.names import Phase
from scratchlab.notebook.logs.slots import SLOT, is_clock, is_stamp

LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL", "FATAL", "LOG", "NOTICE", "TRACE", "SUCCESS"})
_N = SLOT
_LEVEL = rf"(?:{'|'.join(sorted(LEVELS))})"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? "
_PIECES = re.compile(
    rf"""
      (?:{_WEEKDAY})?[\[(]?(?P<time>{_N})(?:\ UTC|Z|\ [\w.-]+(?=\]))?[\])]?(?:\ ?[:|-](?=\ ))?
    | [\[<(]?{_LEVEL}\ ?[\])>]?(?:\ ?\([^()]*(?:\(\))?[^()]*\))?\ ?[:|-]?(?=\s|$)
    | [IWEF]{_N}\ {_N}\ [\w./-]+:{_N}\]                                # I0728 23:55:39.066 4259 solver.cpp:218]
    | \[[\w./<>| -]*{_LEVEL}\|[\w./-]+:{_N}\] | \[{_LEVEL}\|[\w./-]+:{_N}\]   # [INFO|trainer.py:415]
    | \[[\w.<>-]+(?:[./][\w.<>-]+)*(?::{_N})?(?::\w+)?\]:?(?=[\s\[]|$)            # [logging.py:60:log_dist], [src.utils.utils]
    | \((?:[\w.]+[:\ ]{_N}|\w+\ ?pid={_N}[^)]*)\)                           # (trainer:664), (worker pid=12)
    | \[?[Rr]ank[ :_]?{_N}?\d*\]?:? | \[(?:rank|default)\d+\]:
    | \[{_N},{_N}\]<std(?:out|err)>:
    | -\ [\w.]+\ -(?=\ ) | [\w.]+\ (?=(?:-\ )?\[?{_LEVEL}\b) | [\w.]+\ \|(?=\ {_LEVEL})
    | {_LEVEL}:[\w.]+:
    | >>+ | -(?=\ ) | \|(?=\ )
    """,
    re.VERBOSE,
)
_RANK = re.compile(rf"{_N}: (?=.*[^\W\d])")


def label(shape: str) -> int:
    """The end of a leading `NUMBER:` (srun's rank, or a step); 0 if there is none."""
    found = _RANK.match(shape)
    return found.end() if found else 0


def prefix(shape: str, cells: Sequence[str]) -> tuple[int, list[int], Phase]:
    """Where the message begins, which cells before it are times, and the data split named in brackets."""
    at, stamps = 0, list[int]()
    phase: Phase = ""
    while found := _PIECES.match(shape, at):
        if found["time"] is not None:
            slot = shape.count(_N, 0, found.start("time"))
            if not (is_stamp(cells[slot]) or is_clock(cells[slot])):
                break
            stamps.append(slot)
        elif found[0].startswith("[") and "." not in found[0] and (of := names.phase(found[0])):
            phase = of
        elif shape.startswith("I" + _N, at) or shape.startswith("W" + _N, at) or shape.startswith("E" + _N, at):
            stamps.append(shape.count(_N, 0, at))
        at = found.end()
        while shape[at : at + 1] == " ":
            at += 1
    return at, stamps, phase
