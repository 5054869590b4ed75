"""A parsed log: its rows, and every figure with its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scratchlab.notebook.logs import slots
from scratchlab.notebook.logs.names import Phase
from scratchlab.notebook.logs.shapes import Kind, Shape, filled_in


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a log.

    kind: `value`, `mean` (a running mean), `best` (a best value, according to the log), `epoch`, `epochs` (their total), `step`, `steps`,
        `at` (a time stamp), `eta`, `elapsed`.
    name: as printed, for values; else its kind.
    text, unit: as printed.
    phase: the data split (train, valid, test), if its line says so.
    line: its line, from 1.
    """

    kind: Kind
    name: str
    text: str
    unit: str
    phase: Phase
    line: int

    @property
    def value(self) -> float | None:
        """The number, durations in seconds; None for a time stamp."""
        return slots.number(self.text)


class Row:
    """A record: the figures of a line, or of an object over several lines.

    line: its first line, from 1.
    shape, cells: what its numbers are, and their texts; figures are made from them on demand.
    lines: the line of each cell, if not all are on `line`.
    """

    __slots__ = ("cells", "line", "lines", "shape")

    def __init__(self, line: int, shape: Shape, cells: Sequence[str], lines: Sequence[int] | None = None) -> None:
        self.line, self.shape, self.cells, self.lines = line, shape, cells, lines

    def figures(self) -> Iterator[Figure]:
        """Yields the figures from left to right, without cells that are no number (empty cells of tables)."""
        for spot in self.shape.spots:
            text = self.cells[spot.slot].strip()
            if spot.kind == "at" or slots.number(text) is not None:
                line = self.lines[spot.slot] if self.lines else self.line
                yield Figure(spot.kind, filled_in(spot.name, self.cells), text, filled_in(spot.unit, self.cells), spot.phase, line)

    def number(self, kind: Kind, name: str = "") -> float | None:
        """The first figure of a kind (and name) as a number; None if there is none."""
        slot = self.shape.slots.get((kind, name or kind))
        return None if slot is None else slots.number(self.cells[slot])

    def text(self, kind: Kind) -> str | None:
        """The first figure of a kind as printed; None if there is none."""
        slot = self.shape.slots.get((kind, kind))
        return None if slot is None else self.cells[slot]


@dataclass
class Log:
    """A parsed log.

    rows: the records, in the order of their lines.
    lines: number of lines.
    trouble: errors: (line, text) of the last line of each traceback, and of other fatal messages.
    finished: (line, text) of the last message that training is over.
    """

    rows: list[Row] = field(default_factory=list[Row])
    lines: int = 0
    trouble: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    finished: tuple[int, str] | None = None

    def figures(self) -> Iterator[Figure]:
        """Yields all figures of all rows."""
        for row in self.rows:
            yield from row.figures()
