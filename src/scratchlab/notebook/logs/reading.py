"""A shape half read: the state that the ways of `grammar.py` share."""

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
    """A shape half read: its spots so far, and which part of the data was last named."""

    text: str
    cells: Sequence[str]
    spots: list[Spot] = field(default_factory=list[Spot])
    phase: Phase = ""
    formal: int = 0
    loose: int = 0

    def slot(self, at: int) -> int:
        """The number of the slot at a place of the text."""
        return self.text.count(N, 0, at)

    def add(self, kind: Kind, at: int, name: Label = "", unit: Label = "") -> None:
        """A figure whose slot is at a place of the text; names of places in training are those of their kind."""
        own = names.phase(name) if isinstance(name, str) else names.phase(str(name[0]))
        self.spots.append(Spot(kind, self.slot(at), name or kind, unit, own or self.phase))

    def label(self, said: str, at: int) -> Label:
        """Text of the shape, from a place on, as a label: with the number of the cell where a slot stands in it."""
        if N not in said:
            return said
        first, pieces = self.slot(at), said.split(N)
        parts: list[str | int] = [pieces[0]]
        for offset, piece in enumerate(pieces[1:]):
            parts += [first + offset, piece]
        return tuple(part for part in parts if part != "")


def said_by(found: re.Match[str], group: str) -> str | None:
    """What a group found; None too where the way has no such group."""
    return found[group] if group in found.re.groupindex else None


def unit_of(reading: Reading, found: re.Match[str]) -> Label:
    return reading.label(found["unit"], found.start("unit")) if found["unit"] else ""


def places(reading: Reading, found: re.Match[str], *groups: Kind) -> None:
    """A figure for each of the groups that found something."""
    for group in groups:
        if said_by(found, group):
            reading.add(group, found.start(group))


def kind_of(name: str) -> Kind:
    """Where in training a name counts, or that it is a value."""
    said = names.plain(name)
    if said in names.EPOCHS:
        return "epoch"
    if said in names.STEPS:
        return "step"
    if said in names.EPOCH_TOTALS:
        return "epochs"
    if said in names.STEP_TOTALS:
        return "steps"
    if said in names.LEFT:
        return "eta"
    return "elapsed" if said in names.PASSED else "value"


def place(reading: Reading, found: re.Match[str], kind: Kind) -> None:
    """An epoch, a step, a total or a time, with the total that stands behind it."""
    reading.add(kind, found.start("value"), "", unit_of(reading, found) if kind in ("eta", "elapsed") else "")
    if said_by(found, "total") and kind in ("epoch", "step"):
        reading.add("epochs" if kind == "epoch" else "steps", found.start("total"))
