"""The card of a log, for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.checks import counted, duration
from scratchlab.notebook.logs.card import Card
from scratchlab.notebook.logs.curve import spark
from scratchlab.notebook.logs.series import Point
from scratchlab.notebook.logs.when import has_year

_WAYS = {"better": "yes", "worse": "no, getting worse", "level": "no, level", "undefined": ""}
_STYLES = {"finished": "green", "failed": "bold red", "killed": "bold red", "diverged": "bold red", "": ""}


def picture(card: Card) -> RenderableType:
    """The card as a table of labels and values with their line numbers."""
    if not card.rows:
        lines = f"No log was recognized in {counted(card.lines, 'line')}"
        needed = "a log needs a line with an epoch or a step, or two lines of the same form with a metric"
        return Text(f"{lines}: {needed}." + (f"\nLine {card.error[0]}: {card.error[1]}" if card.error else ""))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in _lines(card):
        grid.add_row(label, value)
    return Group(grid)


def _lines(card: Card) -> list[tuple[str, RenderableType]]:
    rows = list[tuple[str, RenderableType]]()
    rows.append(("read", f"{counted(card.rows, 'record')} of {counted(card.lines, 'line')}{_span(card)}"))
    rows.append(("state", _state(card)))
    if card.criterion and card.best and card.last:
        rows.append(("metric", f"{card.criterion.title} ({card.better} is better, by its name)"))
        rows.append(("best", _point(card.best) + _since(card)))
        if card.last != card.best:
            rows.append(("last", _point(card.last)))
        rows.append(("curve", spark([point.value for point in card.criterion.points])))
    else:
        rows.append(("best", card.why["best"]))
    if card.claimed and (not card.criterion or card.criterion.kind != "best"):
        rows.append(("log states", f"best {card.claimed[0]} {_point(card.claimed[1])}"))
    if card.criterion:
        way = _WAYS[card.trend.way]
        rows.append(("improving", f"{way} ({card.trend.why})" if way else card.trend.why))
    rows.append(("progress", f"{card.progress} (line {card.progress.line})" if card.progress else card.why["progress"]))
    rows.append(
        ("remaining", card.remaining.why if card.remaining.seconds is None else f"{duration(card.remaining.seconds)}, {card.remaining.why}")
    )
    if card.rate:
        rows.append(("learning rate", f"{card.rate.value:.4g} (line {card.rate.line})"))
    if card.nan:
        rows.append(("not finite", Text(f"{card.nan[1]} since line {card.nan[0]}", "bold red")))
    if card.error:
        rows.append(("error", Text(f"{card.error[1]} (line {card.error[0]})", "red")))
    return rows


def _state(card: Card) -> Text:
    if not card.state:
        return Text(card.why["state"])
    return Text.assemble((card.state, _STYLES[card.state]), f" (line {card.state_line})")


def _point(point: Point) -> str:
    where = "".join(f", {name} {at:g}" for name, at in (("epoch", point.epoch), ("step", point.step)) if at is not None)
    return f"{point.value:.6g}{where} (line {point.line})"


def _since(card: Card) -> str:
    if not card.since:
        return ", the last value"
    unit = card.unit[:-1] if card.since == 1 else card.unit
    return f", {card.since:g} {unit} ago"


def _span(card: Card) -> str:
    if card.begun is None or card.ended is None:
        return ""
    took = duration((card.ended - card.begun).total_seconds())
    return f"; {card.begun:%Y-%m-%d %H:%M} to {card.ended:%Y-%m-%d %H:%M}, {took}" if has_year(card.begun) else f"; {took}"
