"""The parser state that the handlers of `grammar.py` share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from scratchlab.notebook.logs import names
from scratchlab.notebook.logs.atoms import N
from scratchlab.notebook.logs.names import Phase
from scratchlab.notebook.logs.shapes import Kind, Label, Spot


@dataclass
class Reading:
    """The state while parsing a shape.

    text: the shape. cells: its numbers. spots: the figures so far. phase: the last named data split.
    formal, loose: see `Shape`.
    """

    text: str
    cells: Sequence[str]
    spots: list[Spot] = field(default_factory=list[Spot])
    phase: Phase = ""
    formal: int = 0
    loose: int = 0

    def slot(self, at: int) -> int:
        """The number of the slot at a position of the text."""
        return self.text.count(N, 0, at)

    def add(self, kind: Kind, at: int, name: Label = "", unit: Label = "") -> None:
        """Adds the figure at a position of the text; its name defaults to its kind."""
        own = names.phase(name) if isinstance(name, str) else names.phase(str(name[0]))
        self.spots.append(Spot(kind, self.slot(at), name or kind, unit, own or self.phase))

    def label(self, text: str, at: int) -> Label:
        """A part of the shape's text, starting at a position, as a label: slots in it become cell numbers."""
        if N not in text:
            return text
        first, pieces = self.slot(at), text.split(N)
        parts: list[str | int] = [pieces[0]]
        for offset, piece in enumerate(pieces[1:]):
            parts += [first + offset, piece]
        return tuple(part for part in parts if part != "")


def group_of(found: re.Match[str], group: str) -> str | None:
    """The text of a group; None if it is empty or does not exist in this pattern."""
    return found[group] if group in found.re.groupindex else None


def unit_of(reading: Reading, found: re.Match[str]) -> Label:
    return reading.label(found["unit"], found.start("unit")) if found["unit"] else ""


def places(reading: Reading, found: re.Match[str], *groups: Kind) -> None:
    """Adds a figure for each of the groups that matched."""
    for group in groups:
        if group_of(found, group):
            reading.add(group, found.start(group))


def kind_of(name: str) -> Kind:
    """The kind of figure by its name: epoch, step, a total, a time, or a value."""
    words = names.plain(name)
    if words in names.EPOCHS:
        return "epoch"
    if words in names.STEPS:
        return "step"
    if words in names.EPOCH_TOTALS:
        return "epochs"
    if words in names.STEP_TOTALS:
        return "steps"
    if words in names.LEFT:
        return "eta"
    return "elapsed" if words in names.PASSED else "value"


def place(reading: Reading, found: re.Match[str], kind: Kind) -> None:
    """Adds an epoch, step, total or time, with a total that follows it."""
    reading.add(kind, found.start("value"), "", unit_of(reading, found) if kind in ("eta", "elapsed") else "")
    if group_of(found, "total") and kind in ("epoch", "step"):
        reading.add("epochs" if kind == "epoch" else "steps", found.start("total"))
