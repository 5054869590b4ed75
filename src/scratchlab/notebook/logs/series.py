"""Figures in their order: one series for each name and part of the data, with the epoch and step at which each value counts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from scratchlab.notebook.logs import names, slots
from scratchlab.notebook.logs.log import Log, Row
from scratchlab.notebook.logs.names import Phase
from scratchlab.notebook.logs.shapes import ANCHORS, Kind, Shape, Spot, written


@dataclass(frozen=True, slots=True)
class Point:
    """A value and where it stands; epoch and step are None where neither its line nor one before says them."""

    line: int
    value: float
    epoch: float | None = None
    step: float | None = None


@dataclass
class Series:
    """The values of one name.

    kind: `value`; `mean`, running means, of which each epoch's last is kept; `best`, as the log calls it.
    """

    name: str
    phase: Phase
    kind: Kind
    points: list[Point] = field(default_factory=list[Point])

    @property
    def finite(self) -> list[Point]:
        """The points whose value is a finite number."""
        return [point for point in self.points if math.isfinite(point.value)]

    @property
    def title(self) -> str:
        """Its name, with the part of the data where the name does not say it."""
        return self.name if not self.phase or names.phase(self.name) else f"{self.name} ({self.phase})"


_HALVES = {"precision", "recall", "sensitivity", "specificity"}  # either can be had at the other's cost


class _Place:
    """Epoch, step and part of the data as lines go by: a line that does not say them is about those of the lines before."""

    def __init__(self) -> None:
        self.epoch: float | None = None
        self.step: float | None = None
        self.phase: Phase = ""

    def pass_by(self, row: Row) -> None:
        """Takes what the row says."""
        epoch, step = (row.number(kind) for kind in ANCHORS)
        if epoch is not None:
            if epoch != self.epoch:
                self.step = None
            self.epoch = epoch
        if step is not None:
            self.step = step
        if row.shape.phase or row.shape.anchored:
            self.phase = row.shape.phase


def _values(shape: Shape) -> list[Spot]:
    """Its values, means and bests; of a value that has its running mean beside it the mean alone."""
    averaged = {spot.name for spot in shape.spots if spot.kind == "mean"}
    return [spot for spot in shape.spots if spot.kind in ("mean", "best") or (spot.kind == "value" and spot.name not in averaged)]


def series(log: Log) -> list[Series]:
    """All series of a log, in the order in which they begin."""
    found: dict[tuple[str, Phase, Kind], Series] = {}
    shapes: dict[int, list[Spot]] = {}
    place = _Place()
    for row in log.rows:
        place.pass_by(row)
        spots = shapes.get(id(row.shape))
        if spots is None:
            spots = shapes[id(row.shape)] = _values(row.shape)
        for spot in spots:
            value = slots.number(row.cells[spot.slot])
            if value is None:
                continue
            name, phase = written(spot.name, row.cells), spot.phase or place.phase
            one = found.get((name, phase, spot.kind))
            if one is None:
                one = found[name, phase, spot.kind] = Series(name, phase, spot.kind)
            point = Point(row.lines[spot.slot] if row.lines else row.line, value, place.epoch, place.step)
            if spot.kind == "mean" and one.points and one.points[-1].epoch == point.epoch:
                one.points[-1] = point
            else:
                one.points.append(point)
    return list(found.values())


def judging(every: Iterable[Series], wanted: str = "") -> Series | None:
    """The series by which the training is judged: the one that is wanted by name, else the most telling.

    Of the names that say which way is better: several values before a single one; what is not of training; a score before a loss;
    validation before test before nothing said; what is written at an epoch's end before running means; precision or recall alone last;
    the first of those that are left.
    """
    able = [one for one in every if (one.name == wanted or one.title == wanted if wanted else names.better(one.name)) and one.finite]
    order = {"valid": 0, "test": 1, "": 2, "train": 3}
    kinds = {"value": 0, "mean": 1, "best": 2}
    return min(
        able,
        key=lambda one: (
            len(one.finite) < 2,
            one.phase == "train",
            names.better(one.name) != "larger",
            order[one.phase],
            kinds[one.kind],
            bool(_HALVES & set(names.words(one.name))),
        ),
        default=None,
    )
