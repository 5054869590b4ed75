"""JSON objects over several lines, as in `trainer_state.json`: one record each, every figure with its own line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scratchlab.notebook.logs import names
from scratchlab.notebook.logs.log import Row
from scratchlab.notebook.logs.names import Phase
from scratchlab.notebook.logs.reading import kind_of
from scratchlab.notebook.logs.shapes import Shape, Spot
from scratchlab.notebook.logs.slots import number

_PAIR = re.compile(
    r"\s*\"([^\"]+)\": *(-?[\d.]+(?:[eE][-+]?\d+)?|NaN|-?Infinity|\"(?:[^\"\\]|\\.)*\"|null|true|false|\{[^{}]*\}|\[[^\[\]]*\]),?\s*"
)
_OPENS = re.compile(r"\s*(?:\"[^\"]*\": *)?[{\[]\s*")
_CLOSES = re.compile(r"\s*[}\]],?\s*")
_DEEPEST, _LONGEST = 50, 5000


@dataclass
class _Open:
    """An object that is not closed yet: names, printed numbers and their lines."""

    names: list[str] = field(default_factory=list[str])
    cells: list[str] = field(default_factory=list[str])
    lines: list[int] = field(default_factory=list[int])


class Objects:
    """Parses objects line by line; returns a row when an object with an epoch or a step is closed."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._shapes: dict[tuple[str, ...], Shape] = {}

    @property
    def open(self) -> bool:
        """Whether a line may belong to an object."""
        return bool(self._stack)

    def line(self, place: int, raw: str) -> tuple[bool, Row | None]:
        """Whether the line belongs to an object, and the row that it completes."""
        if found := _PAIR.fullmatch(raw):
            if not self._stack:
                return False, None
            top = self._stack[-1]
            if number(found[2]) is not None and len(top.names) < _LONGEST:
                top.names.append(found[1])
                top.cells.append(found[2])
                top.lines.append(place)
            return True, None
        if _OPENS.fullmatch(raw):
            if len(self._stack) < _DEEPEST and (self._stack or raw.lstrip()[0] in "{["):
                self._stack.append(_Open())
                return True, None
            return False, None
        if self._stack and _CLOSES.fullmatch(raw):
            return True, self._closed(self._stack.pop())
        self._stack.clear()  # no object, or an incomplete one
        return False, None

    def _closed(self, closed: _Open) -> Row | None:
        if not closed.names:
            return None
        shape = self._shapes.setdefault(tuple(closed.names), self._shape(closed.names))
        return Row(closed.lines[0], shape, closed.cells, closed.lines) if shape.anchored else None

    @staticmethod
    def _shape(keys: list[str]) -> Shape:
        spots = list[Spot]()
        for slot, name in enumerate(keys):
            kind = "best" if names.is_best(name) else kind_of(name)
            spots.append(Spot(kind, slot, name if kind in ("value", "best") else kind, "", names.phase(name)))
        phases: list[Phase] = [spot.phase for spot in spots if spot.phase]
        return Shape(tuple(spots), phases[0] if phases else "", formal=len(spots))
