"""Tables in logs: columns separated by commas, tabs, semicolons, pipes or spaces, under a header."""

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
    """The header of a table.

    cells: column names as printed.
    between: the separator; "" for spaces.
    shape: the shape of its rows, if the separator is not spaces.
    """

    cells: tuple[str, ...]
    between: str
    shape: Shape

    def row(self, line: str) -> Sequence[str] | None:
        """The cells of a row; None if the line is no row: wrong number of columns, or neither numbers nor a repeated header."""
        cells = cut(line, self.between)
        if len(cells) != len(self.cells):
            return None
        return cells if any(number(cell) is not None for cell in cells) or self.repeated_by(cells) else None

    def repeated_by(self, cells: Sequence[str]) -> bool:
        """Whether a row repeats the header."""
        return tuple(cell.strip() for cell in cells) == self.cells


def cut(line: str, between: str) -> list[str]:
    """Splits a line into cells; outer pipes are removed."""
    return line.strip().strip("|").split("|") if between == "|" else line.split(between)


def is_rule(line: str) -> bool:
    """Whether a line is a rule between rows."""
    return _RULE.fullmatch(line) is not None


def head(line: str) -> Head | None:
    """The table whose header a line is: it names columns, among them an epoch, a step or a metric; else None."""
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
    """Whether the cells can be the first row under a header: they contain a number, and all others are empty or single words."""
    is_number = [number(cell) is not None for cell in cells]
    return any(is_number) and all(numeric or len(cell.split()) < 2 for numeric, cell in zip(is_number, cells, strict=True))


def spaced(table: Head, shape: str) -> Shape | None:
    """The shape of a space-separated row under its header; None if the columns do not match.

    The row may be followed by a colon and a progress bar; its first column may be a word, and columns may be like `3/10` or `3.2G`.
    """
    pieces = shape.partition(": ")[0].split()
    if len(pieces) > len(table.cells) or len(pieces) < len(table.cells) - 1 or SLOT not in pieces[-1]:
        return None
    columns = table.cells[-len(pieces) :]
    spots, slot = list[Spot](), 0
    for column, (piece, name) in enumerate(zip(pieces, columns, strict=True)):
        here, slot = slot, slot + piece.count(SLOT)
        spot = _spot(here, name, piece.replace(SLOT, "") if piece.count(SLOT) == 1 else "")
        if SLOT not in piece:
            if column:
                return None
        elif piece == f"{SLOT}/{SLOT}" and spot.kind in ("epoch", "step"):
            spots += [spot, Spot("epochs" if spot.kind == "epoch" else "steps", here + 1, spot.kind + "s")]
        elif piece.startswith(SLOT) and piece.count(SLOT) == 1:
            spots.append(spot)
        else:
            return None
    after = beside(shape, slot)
    return Shape(tuple(spots) + after.spots, formal=len(spots))


def beside(shape: str, first: int = 0) -> Shape:
    """The shape of the text after the columns and a colon (a progress bar), in a row or header; its slots are counted from `first`."""
    return Shape(grammar.rest(shape.partition(": ")[2], first), formal=1)
