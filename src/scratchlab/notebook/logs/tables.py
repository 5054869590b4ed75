"""Tables: comma- or tab-separated values, columns between pipes, and columns between spaces under their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scratchlab.notebook.logs import grammar, names
from scratchlab.notebook.logs.reading import kind_of
from scratchlab.notebook.logs.shapes import Shape, Spot
from scratchlab.notebook.logs.slots import SLOT, number

_CELL = re.compile(r"[^\W\d#][\w /().:@#%+~-]{0,60}|#? ?[a-zA-Z]\w*")
_RULE = re.compile(r"[\s|:+=-]+")
_SPACED = re.compile(r"[^\W\d][\w@/.:%()-]*")


@dataclass(frozen=True)
class Head:
    """The names of a table's columns.

    cells: as printed.
    between: what separates them; "" for space.
    shape: what its rows tell, if separated by something else than space.
    """

    cells: tuple[str, ...]
    between: str
    shape: Shape

    def row(self, line: str) -> Sequence[str] | None:
        """The cells of a row; None if the line is no row of this table: it has other columns, or neither numbers nor the names again."""
        cells = cut(line, self.between)
        if len(cells) != len(self.cells):
            return None
        return cells if any(number(cell) is not None for cell in cells) or self.repeated_by(cells) else None

    def repeated_by(self, cells: Sequence[str]) -> bool:
        """Whether a row is the names again."""
        return tuple(cell.strip() for cell in cells) == self.cells


def cut(line: str, between: str) -> list[str]:
    """The cells of a line; of one between pipes without the outer ones."""
    return line.strip().strip("|").split("|") if between == "|" else line.split(between)


def is_rule(line: str) -> bool:
    """Whether it only draws a line between rows."""
    return _RULE.fullmatch(line) is not None


def head(line: str) -> Head | None:
    """The table that a line begins, if it names columns of which one is an epoch, a step or a metric."""
    for between in ("\t", ",", "|", ";"):
        if between in line:
            cells = tuple(cell.strip().strip("\"'") for cell in cut(line, between))
            if len(cells) > 1 and all(_CELL.fullmatch(cell) or not cell for cell in cells[:1]) and all(map(_CELL.fullmatch, cells[1:])):
                shape = _columns(cells)
                return Head(cells, between, shape) if shape.anchored or any(map(names.is_metric, cells)) else None
    cells = tuple(line.partition(": ")[0].split())
    if len(cells) > 2 and all(map(_SPACED.fullmatch, cells)) and (_columns(cells).anchored or sum(map(names.is_metric, cells)) > 1):
        return Head(cells, "", _columns(cells))
    return None


def _columns(cells: Sequence[str]) -> Shape:
    spots = (_spot(slot, name) for slot, name in enumerate(cells) if name)
    return Shape(tuple(spots), formal=len(cells))


def _spot(slot: int, name: str, unit: str = "") -> Spot:
    kind = kind_of(name)
    return Spot(kind, slot, name if kind == "value" else kind, unit, names.phase(name))


def begins(table: Head, cells: Sequence[str]) -> bool:
    """Whether these cells are numbers enough to be the first row under the names: what is no number is empty, or one word."""
    told = [number(cell) is not None for cell in cells]
    return any(told) and all(known or len(cell.split()) < 2 for known, cell in zip(told, cells, strict=True))


def spaced(table: Head, shape: str) -> Shape | None:
    """What a row between spaces tells under its names; None if it has other columns.

    The row may go on behind a colon (a progress bar); a first column may be a word, and a column `3/10` or `3.2G`.
    """
    pieces = shape.partition(": ")[0].split()
    if len(pieces) > len(table.cells) or len(pieces) < len(table.cells) - 1 or SLOT not in pieces[-1]:
        return None
    columns = table.cells[-len(pieces) :]
    spots, slot = list[Spot](), 0
    for number_, (piece, name) in enumerate(zip(pieces, columns, strict=True)):
        here, slot = slot, slot + piece.count(SLOT)
        own = _spot(here, name, piece.replace(SLOT, "") if piece.count(SLOT) == 1 else "")
        if SLOT not in piece:
            if number_:
                return None
        elif piece == f"{SLOT}/{SLOT}" and own.kind in ("epoch", "step"):
            spots += [own, Spot("epochs" if own.kind == "epoch" else "steps", here + 1, own.kind + "s")]
        elif piece.startswith(SLOT) and piece.count(SLOT) == 1:
            spots.append(own)
        else:
            return None
    behind = beside(shape, slot)
    return Shape(tuple(spots) + behind.spots, formal=len(spots))


def beside(shape: str, first: int = 0) -> Shape:
    """What stands behind the columns, and the colon after them, in a row or over it (a progress bar); its slots count from `first`."""
    return Shape(grammar.rest(shape.partition(": ")[2], first), formal=1)
