"""Objects written over several lines, as `trainer_state.json` is: a record each, every figure with its own line."""

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
    """An object that is not closed yet: names, numbers as printed, and their lines."""

    names: list[str] = field(default_factory=list[str])
    cells: list[str] = field(default_factory=list[str])
    lines: list[int] = field(default_factory=list[int])


class Objects:
    """Takes lines while something is open, and gives a row when an object that tells an epoch or a step closes."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._shapes: dict[tuple[str, ...], Shape] = {}

    @property
    def open(self) -> bool:
        """Whether a line may belong to an object."""
        return bool(self._stack)

    def line(self, place: int, raw: str) -> tuple[bool, Row | None]:
        """Whether a line belongs to an object, and the row that it completes."""
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
        self._stack.clear()  # it was no object, or it broke off
        return False, None

    def _closed(self, done: _Open) -> Row | None:
        if not done.names:
            return None
        shape = self._shapes.setdefault(tuple(done.names), self._shape(done.names))
        return Row(done.lines[0], shape, done.cells, done.lines) if shape.anchored else None

    @staticmethod
    def _shape(said: list[str]) -> Shape:
        spots = list[Spot]()
        for slot, name in enumerate(said):
            kind = "best" if names.is_best(name) else kind_of(name)
            spots.append(Spot(kind, slot, name if kind in ("value", "best") else kind, "", names.phase(name)))
        told: list[Phase] = [spot.phase for spot in spots if spot.phase]
        return Shape(tuple(spots), told[0] if told else "", formal=len(spots))
