"""What a log comes to: the best, the last, the way it goes, what went wrong, each with the line that says so."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from scratchlab.checks import Problem, listing, nearest
from scratchlab.notebook.logs import alike, names, when
from scratchlab.notebook.logs.follow import text_lines
from scratchlab.notebook.logs.left import Left, Progress, left, progress
from scratchlab.notebook.logs.log import Log
from scratchlab.notebook.logs.reader import read
from scratchlab.notebook.logs.series import Point, Series, judging, series
from scratchlab.notebook.logs.trend import Trend, trend

State = Literal["finished", "failed", "killed", "diverged", ""]
_FAREWELL = 100  # lines that other processes may still write behind an error; behind more of them, something went on
_KILLED = ("CANCELLED", "Killed", "Terminated", "TIME LIMIT", "oom-kill", "KeyboardInterrupt", "SIGTERM", "Out Of Memory")


@dataclass(frozen=True)
class Card:
    """A log on a card. What is undefined is None, and `why` says because of what.

    rows, lines: how many records were read, of how many lines.
    judged: the series it is judged by.
    better: which way is better, by the name of that series.
    best, last: of that series; of equal ones the first.
    since: how much later than the best the last one is, in `unit` ("epochs", "steps", "values").
    claimed: the last best value that the log itself tells, with its name.
    trend: whether the last values still get better.
    progress, left: where training is, and how long it will take.
    nan: (line, name) from which on a metric is no finite number any more.
    error: (line, text) of the last line of the last traceback, or of what else killed it.
    state: what has become of it, where the log says so; "" if not.
    state_line: the line that says so; 0 if none.
    rate: the last learning rate.
    begun, ended: the first and the last time stamp.
    every: all series.
    prints: fingerprints of its figures, for `alike.shared`.
    why: what is undefined, and because of what, by the field's name.
    """

    rows: int
    lines: int
    judged: Series | None
    better: Literal["larger", "smaller", ""]
    best: Point | None
    last: Point | None
    since: float | None
    unit: str
    claimed: tuple[str, Point] | None
    trend: Trend
    progress: Progress | None
    left: Left
    nan: tuple[int, str] | None
    error: tuple[int, str] | None
    state: State
    state_line: int
    rate: Point | None
    begun: datetime | None
    ended: datetime | None
    every: tuple[Series, ...]
    prints: tuple[str, ...]
    why: dict[str, str]


def card_of(source: Path | Iterable[str], metric: str = "") -> Card:
    """The card of a file or of lines; `metric` names the series to judge by.

    Raises Problem if the file cannot be read, or has no such series.
    """
    return card(read(text_lines(source) if isinstance(source, Path) else source), metric)


def card(log: Log, metric: str = "") -> Card:
    """The card of a log that was read."""
    every = series(log)
    judged = judging(every, metric)
    if metric and judged is None:
        known = list(dict.fromkeys(one.title for one in every))
        raise Problem(f"The log has no '{metric}'.{nearest(metric, known)} It has: {listing(known) or 'no figures'}.")
    way = names.better(judged.name) if judged else ""
    if metric and judged and not way:
        raise Problem(f"Whether a larger or a smaller '{metric}' is better, its name does not say; choose a loss, an error or a score.")
    best, last = _best(judged, way)
    since, unit = _since(best, last, judged)
    at = progress(log)
    ends = when.stamped(log)
    nan = _nan(every)
    error = log.trouble[-1] if log.trouble else None
    state, state_line = _state(log, nan, error, at)
    claims = [(one.name, one.points[-1]) for one in every if one.kind == "best" and one.finite]
    rates = [one.points[-1] for one in every if names.is_rate(one.name) and one.kind == "value"]
    return Card(
        rows=len(log.rows),
        lines=log.lines,
        judged=judged,
        better=way,
        best=best,
        last=last,
        since=since,
        unit=unit,
        claimed=max(claims, key=lambda claim: claim[1].line) if claims else None,
        trend=trend([point.value for point in judged.finite], way) if judged and way else Trend("undefined", _unjudged(every)),
        progress=at,
        left=_left(log, at, state, state_line),
        nan=nan,
        error=error,
        state=state,
        state_line=state_line,
        rate=max(rates, key=lambda point: point.line) if rates else None,
        begun=ends[0][1] if ends else None,
        ended=ends[1][1] if ends else None,
        every=tuple(every),
        prints=alike.prints(log),
        why=_why(every, judged, at, state),
    )


def _best(judged: Series | None, way: str) -> tuple[Point | None, Point | None]:
    """The best point, and the last."""
    if judged is None or not way:
        return None, None
    points = judged.finite
    choose = max if way == "larger" else min
    return choose(points, key=lambda point: point.value), judged.points[-1]


def _since(best: Point | None, last: Point | None, judged: Series | None) -> tuple[float | None, str]:
    """How long ago the best was: in epochs, else in steps, else in values."""
    if best is None or last is None or judged is None:
        return None, "values"
    if best.epoch is not None and last.epoch is not None and (best.epoch != last.epoch or best.step is None):
        return last.epoch - best.epoch, "epochs"
    if best.step is not None and last.step is not None:
        return last.step - best.step, "steps"
    return float(len(judged.points) - 1 - judged.points.index(best)), "values"


def _nan(every: Iterable[Series]) -> tuple[int, str] | None:
    """The first line from which on a loss, or another figure that should fall, is not finite until the end."""
    found = list[tuple[int, str]]()
    for one in every:
        if names.better(one.name) != "smaller" and "norm" not in names.words(one.name):
            continue
        first = next((number for number in range(len(one.points), 0, -1) if math.isfinite(one.points[number - 1].value)), 0)
        if first < len(one.points):
            found.append((one.points[first].line, one.name))
    return min(found, default=None)


def _state(log: Log, nan: tuple[int, str] | None, error: tuple[int, str] | None, at: Progress | None) -> tuple[State, int]:
    """By the last thing that says it."""
    last = log.rows[-1].line if log.rows else 0
    if error and error[0] > last and log.lines - error[0] <= _FAREWELL:
        return ("killed" if any(word in error[1] for word in _KILLED) else "failed"), error[0]
    if nan:
        return "diverged", nan[0]
    if log.finished and log.finished[0] >= last - log.lines // 10:
        return "finished", log.finished[0]
    if at and at.share == 1:
        return "finished", at.line
    return "", 0


def _left(log: Log, at: Progress | None, state: State, line: int) -> Left:
    """What remains of a training that goes on."""
    if state in ("failed", "killed"):
        return Left(
            None,
            f"undefined, because it was {state} in line {line}" if state == "killed" else f"undefined, because it failed in line {line}",
        )
    return Left(0.0, f"it is finished by line {line}") if state == "finished" else left(log, at)


def _unjudged(every: list[Series]) -> str:
    if not every:
        return "undefined, because no line was read as a log's"
    return f"undefined, because no name says which way is better: {listing(dict.fromkeys(one.name for one in every), 6)}"


def _why(every: list[Series], judged: Series | None, at: Progress | None, state: str) -> dict[str, str]:
    why = dict[str, str]()
    if judged is None:
        why["best"] = why["last"] = _unjudged(every)
    if at is None:
        why["progress"] = "undefined, because no line tells an epoch or a step"
    if not state:
        why["state"] = "undefined, because nothing in the log says that it ended"
    return why
