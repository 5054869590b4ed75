"""How far a training is, and how long it will take, with what that rests on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from scratchlab.notebook.logs import slots, when
from scratchlab.notebook.logs.log import Log, Row

_UNITS = {"ms": 0.001, "s": 1, "sec": 1, "secs": 1, "seconds": 1, "m": 60, "min": 60, "mins": 60, "minutes": 60, "h": 3600, "hours": 3600}
_FRESH = 50  # rows from the end, in which the log's own estimate is still worth telling


@dataclass(frozen=True)
class Progress:
    """The last place in training, and the totals, as far as lines tell them.

    first: the epoch that is told first, 0 or 1.
    parts: whether epochs are told with their fractions (1.25).
    again: whether steps begin anew, so that their total is not the whole.
    """

    epoch: float | None
    epochs: float | None
    step: float | None
    steps: float | None
    line: int
    first: float = 1
    parts: bool = False
    again: bool = False

    @property
    def share(self) -> float | None:
        """What is done of the whole, in [0, 1]: epochs and, within them, steps; steps alone where no epochs are told.

        None without a total.
        """
        within = self.step / self.steps if self.step is not None and self.steps else None
        if self.epoch is None:
            return min(1.0, within) if within is not None and not self.again else None
        if not self.epochs:
            return None
        begun = self.epoch if self.first == 0 else self.epoch - 1
        done = self.epoch if self.parts else begun + (1.0 if within is None else min(1.0, within))
        return min(1.0, max(0.0, done / self.epochs))

    def __str__(self) -> str:
        """`epoch 3 of 10, step 120 of 235`."""
        parts = ((name, at, of) for name, at, of in (("epoch", self.epoch, self.epochs), ("step", self.step, self.steps)) if at is not None)
        return ", ".join(f"{name} {at:g}" + (f" of {of:g}" if of else "") for name, at, of in parts)


@dataclass(frozen=True)
class Left:
    """Seconds that remain; None, and why, if it is undefined."""

    seconds: float | None
    why: str


def progress(log: Log) -> Progress | None:
    """Where training is, by the lines that are not of validation or test if there are such; None if no line says."""
    told = [row for row in log.rows if row.shape.anchored]
    rows = [row for row in told if row.shape.phase not in ("valid", "test")] or told
    epochs = [row for row in rows if row.number("epoch") is not None]
    steps = [row for row in rows if row.number("step") is not None]
    if not rows:
        return None
    last_epoch = epochs[-1] if epochs else None
    last_step = steps[-1] if steps else None
    if last_epoch and last_step and last_step.line < last_epoch.line and last_step.number("epoch") is None:
        last_step = None  # a step of an epoch before
    totals = next((total for row in reversed(log.rows) if (total := row.number("epochs")) is not None), None)
    counts = [row.number("step") or 0.0 for row in steps]
    return Progress(
        last_epoch.number("epoch") if last_epoch else None,
        totals,
        last_step.number("step") if last_step else None,
        last_step.number("steps") if last_step else None,
        rows[-1].line,
        first=min((row.number("epoch") or 0.0 for row in epochs), default=1.0),
        parts=any("." in (row.text("epoch") or "") for row in epochs),
        again=any(later < before for before, later in pairwise(counts)),
    )


def left(log: Log, at: Progress | None) -> Left:
    """By the log's own estimate if it makes one; else by what was done between two time stamps."""
    if at is not None and at.share == 1:
        return Left(0.0, f"all is done by line {at.line}")
    for row in reversed(log.rows[-_FRESH:]):
        for spot in row.shape.spots:
            if spot.kind == "eta" and (value := slots.number(row.cells[spot.slot])) is not None:
                unit = spot.unit if isinstance(spot.unit, str) else ""
                bar = row.number("elapsed") is not None and at is not None and at.epoch is not None
                return Left(value * _UNITS.get(unit, 1), f"by the {'bar of this epoch' if bar else 'estimate'} in line {row.line}")
    if at is None:
        return Left(None, "undefined, because no line tells an epoch or a step")
    if at.share is None:
        what = "how often the steps begin anew" if at.again and at.epoch is None and at.steps else "how many epochs or steps there will be"
        return Left(None, f"undefined, because no line tells {what}")
    ends = when.stamped(log)
    if ends is None:
        return Left(None, "undefined, because no two lines tell the time")
    (first, begun), (last, now) = ends
    taken, done = (now - begun).total_seconds(), at.share - _share(first, at)
    if taken <= 0 or done <= 0:
        return Left(None, f"undefined, because nothing was done between lines {first.line} and {last.line}")
    return Left(taken / done * (1 - at.share), f"by the time from line {first.line} to line {last.line}")


def _share(row: Row, at: Progress) -> float:
    """What was done at a row, with the totals of another; nothing where it does not say."""
    own = Progress(
        row.number("epoch"), at.epochs, row.number("step"), row.number("steps") or at.steps, row.line, at.first, at.parts, at.again
    )
    return own.share or 0.0
