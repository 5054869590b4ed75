"""The progress of a training and its remaining time, with the source of the estimate."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from scratchlab.notebook.logs import slots, when
from scratchlab.notebook.logs.log import Log, Row

_UNITS = {"ms": 0.001, "s": 1, "sec": 1, "secs": 1, "seconds": 1, "m": 60, "min": 60, "mins": 60, "minutes": 60, "h": 3600, "hours": 3600}
_FRESH = 50  # the log's own estimate is used only if it is among the last rows


@dataclass(frozen=True)
class Progress:
    """The last epoch and step in the log, and their totals; None if the log does not contain them.

    line: the line they are from.
    first: number of the first epoch, 0 or 1.
    fractional: whether epochs are printed with fractions (1.25).
    restarts: whether step numbers restart in every epoch, so that their total is not that of the training.
    """

    epoch: float | None
    epochs: float | None
    step: float | None
    steps: float | None
    line: int
    first: float = 1
    fractional: bool = False
    restarts: bool = False

    @property
    def fraction(self) -> float | None:
        """The completed fraction of the training in [0, 1], from epochs and the steps within them, or from steps alone.

        None without a total.
        """
        within = self.step / self.steps if self.step is not None and self.steps else None
        if self.epoch is None:
            return min(1.0, within) if within is not None and not self.restarts else None
        if not self.epochs:
            return None
        begun = self.epoch if self.first == 0 else self.epoch - 1
        done = self.epoch if self.fractional else begun + (1.0 if within is None else min(1.0, within))
        return min(1.0, max(0.0, done / self.epochs))

    def __str__(self) -> str:
        """`epoch 3 of 10, step 120 of 235`."""
        fractional = (
            (name, at, of) for name, at, of in (("epoch", self.epoch, self.epochs), ("step", self.step, self.steps)) if at is not None
        )
        return ", ".join(f"{name} {at:g}" + (f" of {of:g}" if of else "") for name, at, of in fractional)


@dataclass(frozen=True)
class RemainingTime:
    """The remaining seconds, None if undefined; why: the source of the estimate, or why it is undefined."""

    seconds: float | None
    why: str


def progress(log: Log) -> Progress | None:
    """The current progress, from training lines if there are any, else from validation and test lines; None without epochs and steps."""
    anchored = [row for row in log.rows if row.shape.anchored]
    rows = [row for row in anchored if row.shape.phase not in ("valid", "test")] or anchored
    epochs = [row for row in rows if row.number("epoch") is not None]
    steps = [row for row in rows if row.number("step") is not None]
    if not rows:
        return None
    last_epoch = epochs[-1] if epochs else None
    last_step = steps[-1] if steps else None
    if last_epoch and last_step and last_step.line < last_epoch.line and last_step.number("epoch") is None:
        last_step = None  # a step of an earlier epoch
    totals = next((total for row in reversed(log.rows) if (total := row.number("epochs")) is not None), None)
    counts = [row.number("step") or 0.0 for row in steps]
    return Progress(
        last_epoch.number("epoch") if last_epoch else None,
        totals,
        last_step.number("step") if last_step else None,
        last_step.number("steps") if last_step else None,
        rows[-1].line,
        first=min((row.number("epoch") or 0.0 for row in epochs), default=1.0),
        fractional=any("." in (row.text("epoch") or "") for row in epochs),
        restarts=any(later < before for before, later in pairwise(counts)),
    )


def remaining_time(log: Log, current: Progress | None) -> RemainingTime:
    """The remaining time: the log's own estimate if there is one, else extrapolated from time stamps."""
    if current is not None and current.fraction == 1:
        return RemainingTime(0.0, f"completed according to line {current.line}")
    for row in reversed(log.rows[-_FRESH:]):
        for spot in row.shape.spots:
            if spot.kind == "eta" and (value := slots.number(row.cells[spot.slot])) is not None:
                unit = spot.unit if isinstance(spot.unit, str) else ""
                bar = row.number("elapsed") is not None and current is not None and current.epoch is not None
                return RemainingTime(
                    value * _UNITS.get(unit, 1),
                    f"according to the {'progress bar of this epoch' if bar else 'estimate'} in line {row.line}",
                )
    if current is None:
        return RemainingTime(None, "undefined, because no line contains an epoch or a step")
    if current.fraction is None:
        what = (
            "how often the step numbers restart"
            if current.restarts and current.epoch is None and current.steps
            else "how many epochs or steps there will be"
        )
        return RemainingTime(None, f"undefined, because no line says {what}")
    ends = when.stamped(log)
    if ends is None:
        return RemainingTime(None, "undefined, because no two lines have a time stamp")
    (first, begun), (last, now) = ends
    taken, done = (now - begun).total_seconds(), current.fraction - _fraction(first, current)
    if taken <= 0 or done <= 0:
        return RemainingTime(None, f"undefined, because there was no progress between lines {first.line} and {last.line}")
    return RemainingTime(taken / done * (1 - current.fraction), f"extrapolated from lines {first.line} to {last.line}")


def _fraction(row: Row, current: Progress) -> float:
    """The completed fraction at a row, with totals and conventions of `current`; 0 if the row has neither epoch nor step."""
    own = Progress(
        row.number("epoch"),
        current.epochs,
        row.number("step"),
        row.number("steps") or current.steps,
        row.line,
        current.first,
        current.fractional,
        current.restarts,
    )
    return own.fraction or 0.0
