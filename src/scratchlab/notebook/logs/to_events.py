"""A training log as events: best and last value, first non-finite value, error, each at its line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from scratchlab.notebook.events import Event, Place, Span
from scratchlab.notebook.logs.card import Card
from scratchlab.notebook.logs.series import Point


def events(path: Path, card: Card, changed: datetime) -> Iterator[Event]:
    """Yields the events of a log; none if the file is no log.

    changed: modification time of the file, for logs without time stamps.
    """
    if not card.rows:
        return
    ended = card.ended or changed
    when = Span(min(card.begun or ended, ended), ended + timedelta(minutes=1))
    best = card.best.line if card.best else card.state_line or 1
    yield Event("log", _summary(path, card), Place(path, best, best), when, path.parent.name, state=card.state)
    if card.nan:
        yield Event(
            "log", f"{card.nan[1]} is NaN from here on", Place(path, card.nan[0], card.nan[0]), when, path.parent.name, state="diverged"
        )
    if card.error:
        yield Event("log", card.error[1], Place(path, card.error[0], card.error[0]), when, path.parent.name, state="failed")


def _summary(path: Path, card: Card) -> str:
    parts = [f"training log {path.name}", *([str(card.progress)] if card.progress else [])]
    if card.criterion and card.best and card.last:
        parts.append(f"best {card.criterion.title} {_point(card.best)}, last {_point(card.last)}")
    return "; ".join([*parts, *([card.state] if card.state else [])])


def _point(point: Point) -> str:
    where = "".join(f" at {name} {at:g}" for name, at in (("epoch", point.epoch), ("step", point.step)) if at is not None)
    return f"{point.value:.6g}{where}"
