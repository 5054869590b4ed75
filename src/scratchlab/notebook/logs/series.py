"""Series of figures, one for each name and data split, with epoch and step of each value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from scratchlab.notebook.logs import names, slots
from scratchlab.notebook.logs.log import Log, Row
from scratchlab.notebook.logs.names import Phase
from scratchlab.notebook.logs.shapes import ANCHORS, Kind, Shape, Spot, filled_in


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its line; epoch and step from its line or an earlier one, None if unknown."""

    line: int
    value: float
    epoch: float | None = None
    step: float | None = None


@dataclass
class Series:
    """The values of one name.

    kind: `value`; `mean`: running means, of which the last of each epoch is kept; `best`: best values according to the log.
    """

    name: str
    phase: Phase
    kind: Kind
    points: list[Point] = field(default_factory=list[Point])

    @property
    def finite(self) -> list[Point]:
        """The points with finite values."""
        return [point for point in self.points if math.isfinite(point.value)]

    @property
    def title(self) -> str:
        """The name, with the data split if the name does not contain it."""
        return self.name if not self.phase or names.phase(self.name) else f"{self.name} ({self.phase})"


_HALVES = {"precision", "recall", "sensitivity", "specificity"}  # each can be improved at the cost of the other


class _Place:
    """The current epoch, step and data split: a line without them inherits those of earlier lines."""

    def __init__(self) -> None:
        self.epoch: float | None = None
        self.step: float | None = None
        self.phase: Phase = ""

    def pass_by(self, row: Row) -> None:
        """Updates from a row."""
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
    """The values, means and bests of a shape; of a value with its running mean beside it, only the mean."""
    averaged = {spot.name for spot in shape.spots if spot.kind == "mean"}
    return [spot for spot in shape.spots if spot.kind in ("mean", "best") or (spot.kind == "value" and spot.name not in averaged)]


def series(log: Log) -> list[Series]:
    """All series of a log, in the order of their first values."""
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
            name, phase = filled_in(spot.name, row.cells), spot.phase or place.phase
            current = found.get((name, phase, spot.kind))
            if current is None:
                current = found[name, phase, spot.kind] = Series(name, phase, spot.kind)
            point = Point(row.lines[spot.slot] if row.lines else row.line, value, place.epoch, place.step)
            if spot.kind == "mean" and current.points and current.points[-1].epoch == point.epoch:
                current.points[-1] = point
            else:
                current.points.append(point)
    return list(found.values())


def select_criterion(all_series: Iterable[Series], wanted: str = "") -> Series | None:
    """The series that serves as the criterion: the wanted one, else chosen automatically; None if there is none.

    Among the metrics: several values before a single one; other splits before training; scores before losses; validation before test before
    unknown; values before running means; others before precision or recall alone; then the first.
    """
    candidates = [
        candidate
        for candidate in all_series
        if (candidate.name == wanted or candidate.title == wanted if wanted else names.better(candidate.name)) and candidate.finite
    ]
    order = {"valid": 0, "test": 1, "": 2, "train": 3}
    kinds = {"value": 0, "mean": 1, "best": 2}
    return min(
        candidates,
        key=lambda candidate: (
            len(candidate.finite) < 2,
            candidate.phase == "train",
            names.better(candidate.name) != "larger",
            order[candidate.phase],
            kinds[candidate.kind],
            bool(_HALVES & set(names.words(candidate.name))),
        ),
        default=None,
    )
