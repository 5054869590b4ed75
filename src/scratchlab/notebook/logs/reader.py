"""Parses a log line by line, completely or as it grows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from scratchlab.notebook.logs import grammar, tables
from scratchlab.notebook.logs.log import Log, Row
from scratchlab.notebook.logs.nested import nested
from scratchlab.notebook.logs.objects import Objects
from scratchlab.notebook.logs.shapes import Shape
from scratchlab.notebook.logs.slots import SLOT, split
from scratchlab.notebook.logs.trouble import Watch

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>MNOPc78])")
_BAR = re.compile(r"%\|[^|]*\|")
_DRAWN = re.compile(r"\[[=>.\-#·▮ ]{4,}\]|={3,}>?|[━─═╸╺▏▎▍▌▋▊▉█░▒▓▮]+|\*{3,}")
_COLUMNS = str.maketrans("│┃║", "|||")
_CLEAR = re.compile(
    r"(?i)\b(?:epochs?|ep|steps?|iter\w*|batch\w*|num_updates|global_step|round)\b|\d+epoch|\[ ?\x00|\x00/\x00|%\||^\{|['\"](?:epoch|step)"
)
_NEAR = 60  # a line with a measured value is accepted within so many lines after a row
_WAITING = 4096  # number of shapes seen once that are remembered; a second such line admits the first as well
_LONG = 4000  # longer lines are only parsed as JSON


class Reader:
    """Parses lines into `log`."""

    def __init__(self) -> None:
        self.log = Log()
        self._known: dict[str, Shape | None] = {}  # None: decided not to be part of a log
        self._waiting: dict[str, tuple[int, list[str]]] = {}
        self._objects = Objects()
        self._watch = Watch()
        self._table: tables.Head | None = None
        self._inside = False
        self._late = False
        self.log.trouble = self._watch.trouble

    def feed(self, lines: Iterable[str]) -> Log:
        """Parses further lines; returns the log so far."""
        for line in lines:
            self.log.lines += 1
            if "\x1b" in line:
                line = _ESCAPES.sub("", line)
            line = line.rstrip("\r\n")
            if "\r" in line:
                self._redrawn(line)
            else:
                self._line(line)
        if self._late:
            self.log.rows.sort(key=lambda row: row.line)
            self._late = False
        self.log.finished = self._watch.finished
        return self.log

    def _redrawn(self, line: str) -> None:
        """A line with carriage returns: all its states are parsed; of states with the same epoch and step the last counts."""
        rows, first = self.log.rows, len(self.log.rows)
        for part in line.split("\r"):
            if part.strip():
                self._line(part)
                if len(rows) > first + 1 and _same(rows[-2], rows[-1]):
                    del rows[-2]

    def _line(self, raw: str) -> None:
        if len(raw) > _LONG and raw.lstrip()[:1] not in "{[":
            return
        if self._inside and self._row(raw):
            return
        text = " ".join(raw.split())
        if "%|" in text:
            text = _BAR.sub("%| ", text)
        if not text.isascii() or "==" in text or "[." in text or "**" in text or "[>" in text:
            text = " ".join(_DRAWN.sub(" ", text.translate(_COLUMNS)).split())
        parts = split(text)
        shape = self._known.get(key := SLOT.join(parts[::2]), ...)
        if isinstance(shape, Shape):
            self._add(shape, parts[1::2])
        else:
            self._unknown(raw, text, key, parts[1::2], shape is None)

    def _add(self, shape: Shape, cells: list[str]) -> None:
        if shape.parts:
            self.log.rows.extend(Row(self.log.lines, part, cells) for part in shape.parts)
        else:
            self.log.rows.append(Row(self.log.lines, shape, cells))

    def _row(self, raw: str) -> bool:
        """Parses a further row of the open table; returns whether it was one."""
        assert self._table
        if tables.is_rule(raw):
            return raw.strip() != ""
        cells = self._table.row(raw)
        if cells is None:
            self._inside = False
            if self._table.between != "|":  # a table with pipes may continue after other lines
                self._table = None
            return False
        if not self._table.repeated_by(cells):
            self.log.rows.append(Row(self.log.lines, self._table.shape, cells))
        return True

    def _unknown(self, raw: str, text: str, key: str, cells: list[str], refused: bool) -> None:
        """Handles a line whose shape is not known to be part of a log."""
        here = self.log.lines
        if self._watch.line(here, raw):
            return
        belongs, row = self._objects.line(here, raw)
        if row is not None:
            self._late = self._late or bool(self.log.rows and self.log.rows[-1].line > row.line)
            self.log.rows.append(row)
        if belongs or self._tabled(raw, text, key, cells):
            return
        if cells and not refused:
            self._decide(key, cells)

    def _tabled(self, raw: str, text: str, key: str, cells: list[str]) -> bool:
        """Whether the line belongs to a table, as its header or a first row."""
        source = raw.translate(_COLUMNS)
        if self._table and not tables.is_rule(source):
            table = self._table
            if table.between:
                row = table.row(source)
                self._inside = row is not None and tables.begins(table, row)
                if self._inside:
                    self._row(source)
                    return True
                if table.between != "|":
                    self._table = None
            elif cells and (shape := tables.spaced(table, key)):
                self._known[key] = shape
                self._add(shape, cells)
                return True
        found = self._head(source if any(mark in source for mark in "\t,|;") and not cells else text, key)
        if found is None:
            return False
        self._table = found
        if cells:
            self._known[key] = shape = tables.beside(key)
            self._add(shape, cells)
        return True

    def _head(self, line: str, key: str) -> tables.Head | None:
        """The table that a line begins; tables with pipes or spaces occur in prose: they need an epoch or step column, or rows nearby."""
        named, _, after = key.partition(": ")
        found = None if SLOT in named or (after and not after.startswith(f"{SLOT}%|")) else tables.head(line)
        return found if found and (found.between in (",", "\t") or found.shape.anchored or self._near) else None

    @property
    def _near(self) -> bool:
        """Whether there is a row within the last few lines."""
        return bool(self.log.rows) and self.log.lines - self.log.rows[-1].line <= _NEAR

    def _decide(self, key: str, cells: list[str]) -> None:
        """Decides whether a shape is part of a log: at once if it is clear, else when it occurs a second time."""
        before = self._waiting.pop(key, None)
        near = self._near
        if before is None and not near and not _CLEAR.search(key):
            self._wait(key, cells)
            return
        shape = nested(key) if key[:1] in "{[" else None
        if shape is None:
            shape = Shape(()) if len(key) > _LONG else grammar.parse_shape(key, cells)
        if shape.certain or (before and shape.likely) or (near and shape.fits):
            self._known[key] = shape
            if before:
                self._late = True
                here, self.log.lines = self.log.lines, before[0]
                self._add(shape, before[1])
                self.log.lines = here
            self._add(shape, cells)
        elif before:
            self._known[key] = None
        else:
            self._wait(key, cells)

    def _wait(self, key: str, cells: list[str]) -> None:
        if len(self._waiting) >= _WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[key] = (self.log.lines, cells)


def _same(first: Row, second: Row) -> bool:
    """Whether two states of a line have the same epoch and step."""
    return all(first.text(kind) == second.text(kind) for kind in ("epoch", "step")) and first.shape.anchored and second.shape.anchored


def read(lines: Iterable[str]) -> Log:
    """Parses lines of text into a log; prose gives a log without rows."""
    return Reader().feed(lines)
