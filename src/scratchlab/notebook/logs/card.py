"""The summary card of a log: best and last value, trend, progress, errors, each with its line."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from scratchlab.checks import Problem, listing, nearest
from scratchlab.notebook.logs import fingerprints, names, when
from scratchlab.notebook.logs.follow import text_lines
from scratchlab.notebook.logs.log import Log
from scratchlab.notebook.logs.reader import read
from scratchlab.notebook.logs.remaining import Progress, RemainingTime, progress, remaining_time
from scratchlab.notebook.logs.series import Point, Series, select_criterion, series
from scratchlab.notebook.logs.trend import Trend, trend

State = Literal["finished", "failed", "killed", "diverged", ""]
_FAREWELL = 100  # lines that other processes may write after a fatal error; with more, training went on
_KILLED = ("CANCELLED", "Killed", "Terminated", "TIME LIMIT", "oom-kill", "KeyboardInterrupt", "SIGTERM", "Out Of Memory")


@dataclass(frozen=True)
class Card:
    """The summary of a log. Undefined values are None; `why` gives the reasons.

    rows, lines: numbers of records and of lines.
    criterion: the series that best and last are taken from.
    better: whether larger or smaller values of the criterion are better, by its name.
    best, last: best and last point of the criterion; the first of several best ones.
    since: distance from the best to the last point, in `unit` ("epochs", "steps", "values").
    claimed: name and point of the last "best" value printed in the log itself.
    trend: whether the last values still improve.
    progress, remaining: progress of the training, and its remaining time.
    nan: (line, name) from which on a metric is not finite.
    error: (line, text) of the last line of the last traceback, or of another fatal error.
    state: the outcome according to the log; "" if unknown. state_line: the line that states it; 0 if none.
    rate: the last learning rate.
    begun, ended: the first and last time stamp.
    series: all series.
    fingerprints: of its figures, for `fingerprints.shared_figures`.
    why: reasons of undefined values, by field name.
    """

    rows: int
    lines: int
    criterion: Series | None
    better: Literal["larger", "smaller", ""]
    best: Point | None
    last: Point | None
    since: float | None
    unit: str
    claimed: tuple[str, Point] | None
    trend: Trend
    progress: Progress | None
    remaining: RemainingTime
    nan: tuple[int, str] | None
    error: tuple[int, str] | None
    state: State
    state_line: int
    rate: Point | None
    begun: datetime | None
    ended: datetime | None
    series: tuple[Series, ...]
    fingerprints: tuple[str, ...]
    why: dict[str, str]


def card_of(source: Path | Iterable[str], metric: str = "") -> Card:
    """The card of a file or of lines of text; metric: name of the criterion (default: chosen automatically).

    Raises Problem if the file cannot be read, or has no such series.
    """
    return card(read(text_lines(source) if isinstance(source, Path) else source), metric)


def card(log: Log, metric: str = "") -> Card:
    """The card of a parsed log; metric: see `card_of`."""
    all_series = series(log)
    criterion = select_criterion(all_series, metric)
    if metric and criterion is None:
        known = list(dict.fromkeys(series_.title for series_ in all_series))
        raise Problem(f"The log has no metric '{metric}'.{nearest(metric, known)} It has: {listing(known) or 'no figures'}.")
    way = names.better(criterion.name) if criterion else ""
    if metric and criterion and not way:
        raise Problem(f"The name '{metric}' does not say whether larger or smaller is better; choose a loss, an error or a score.")
    best, last = _best(criterion, way)
    since, unit = _since(best, last, criterion)
    current = progress(log)
    ends = when.stamped(log)
    nan = _nan(all_series)
    error = log.trouble[-1] if log.trouble else None
    state, state_line = _state(log, nan, error, current)
    claims = [(series_.name, series_.points[-1]) for series_ in all_series if series_.kind == "best" and series_.finite]
    rates = [series_.points[-1] for series_ in all_series if names.is_rate(series_.name) and series_.kind == "value"]
    return Card(
        rows=len(log.rows),
        lines=log.lines,
        criterion=criterion,
        better=way,
        best=best,
        last=last,
        since=since,
        unit=unit,
        claimed=max(claims, key=lambda claim: claim[1].line) if claims else None,
        trend=trend([point.value for point in criterion.finite], way)
        if criterion and way
        else Trend("undefined", _no_criterion(all_series)),
        progress=current,
        remaining=_remaining(log, current, state, state_line),
        nan=nan,
        error=error,
        state=state,
        state_line=state_line,
        rate=max(rates, key=lambda point: point.line) if rates else None,
        begun=ends[0][1] if ends else None,
        ended=ends[1][1] if ends else None,
        series=tuple(all_series),
        fingerprints=fingerprints.fingerprints(log),
        why=_why(all_series, criterion, current, state),
    )


def _best(criterion: Series | None, way: str) -> tuple[Point | None, Point | None]:
    """The best and the last point."""
    if criterion is None or not way:
        return None, None
    points = criterion.finite
    choose = max if way == "larger" else min
    return choose(points, key=lambda point: point.value), criterion.points[-1]


def _since(best: Point | None, last: Point | None, criterion: Series | None) -> tuple[float | None, str]:
    """The distance from the best to the last point: in epochs, else in steps, else in values."""
    if best is None or last is None or criterion is None:
        return None, "values"
    if best.epoch is not None and last.epoch is not None and (best.epoch != last.epoch or best.step is None):
        return last.epoch - best.epoch, "epochs"
    if best.step is not None and last.step is not None:
        return last.step - best.step, "steps"
    return float(len(criterion.points) - 1 - criterion.points.index(best)), "values"


def _nan(all_series: Iterable[Series]) -> tuple[int, str] | None:
    """The first line from which on a loss, another metric to minimize, or a norm is not finite until the end, and its name."""
    found = list[tuple[int, str]]()
    for series_ in all_series:
        if names.better(series_.name) != "smaller" and "norm" not in names.words(series_.name):
            continue
        first = next((number for number in range(len(series_.points), 0, -1) if math.isfinite(series_.points[number - 1].value)), 0)
        if first < len(series_.points):
            found.append((series_.points[first].line, series_.name))
    return min(found, default=None)


def _state(log: Log, nan: tuple[int, str] | None, error: tuple[int, str] | None, current: Progress | None) -> tuple[State, int]:
    """The state, and the line that states it: the last of errors, non-finite values and messages of completion."""
    last = log.rows[-1].line if log.rows else 0
    if error and error[0] > last and log.lines - error[0] <= _FAREWELL:
        return ("killed" if any(word in error[1] for word in _KILLED) else "failed"), error[0]
    if nan:
        return "diverged", nan[0]
    if log.finished and log.finished[0] >= last - log.lines // 10:
        return "finished", log.finished[0]
    if current and current.fraction == 1:
        return "finished", current.line
    return "", 0


def _remaining(log: Log, current: Progress | None, state: State, line: int) -> RemainingTime:
    """The remaining time, also for trainings that are over."""
    if state in ("failed", "killed"):
        return RemainingTime(
            None,
            f"undefined, because training was {state} in line {line}"
            if state == "killed"
            else f"undefined, because training failed in line {line}",
        )
    return RemainingTime(0.0, f"finished according to line {line}") if state == "finished" else remaining_time(log, current)


def _no_criterion(all_series: list[Series]) -> str:
    if not all_series:
        return "undefined, because no line was recognized as part of a log"
    names_ = listing(dict.fromkeys(series_.name for series_ in all_series), 6)
    return f"undefined, because no name says whether larger or smaller is better: {names_}"


def _why(all_series: list[Series], criterion: Series | None, current: Progress | None, state: str) -> dict[str, str]:
    why = dict[str, str]()
    if criterion is None:
        why["best"] = why["last"] = _no_criterion(all_series)
    if current is None:
        why["progress"] = "undefined, because no line contains an epoch or a step"
    if not state:
        why["state"] = "undefined, because the log does not say that training ended"
    return why
