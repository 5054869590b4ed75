"""A card for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.checks import counted, duration
from scratchlab.notebook.logs.card import Card
from scratchlab.notebook.logs.curve import spark
from scratchlab.notebook.logs.series import Point
from scratchlab.notebook.logs.when import told_year

_WAYS = {"better": "yes", "worse": "no, it gets worse", "level": "no, it stays level", "undefined": ""}
_STYLES = {"finished": "green", "failed": "bold red", "killed": "bold red", "diverged": "bold red", "": ""}


def picture(card: Card) -> RenderableType:
    """The card as lines of a word and what it says; line numbers behind each."""
    if not card.rows:
        lines = f"{counted(card.lines, 'line')} {'was' if card.lines == 1 else 'were'} read, none as a log's"
        said = "it takes a line that tells an epoch or a step, or two lines of one shape that tell a metric"
        return Text(f"{lines}: {said}." + (f"\nLine {card.error[0]}: {card.error[1]}" if card.error else ""))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for word, said in _lines(card):
        grid.add_row(word, said)
    return Group(grid)


def _lines(card: Card) -> list[tuple[str, RenderableType]]:
    told = list[tuple[str, RenderableType]]()
    told.append(("read", f"{counted(card.rows, 'record')} of {counted(card.lines, 'line')}{_span(card)}"))
    told.append(("state", _state(card)))
    if card.judged and card.best and card.last:
        told.append(("judged by", f"{card.judged.title}; {card.better} is better, by its name"))
        told.append(("best", _point(card.best) + _since(card)))
        if card.last != card.best:
            told.append(("last", _point(card.last)))
        told.append(("curve", spark([point.value for point in card.judged.points])))
    else:
        told.append(("best", card.why["best"]))
    if card.claimed and (not card.judged or card.judged.kind != "best"):
        told.append(("it claims", f"best {card.claimed[0]} {_point(card.claimed[1])}"))
    if card.judged:
        way = _WAYS[card.trend.way]
        told.append(("improving", f"{way} ({card.trend.why})" if way else card.trend.why))
    told.append(("at", f"{card.progress} (line {card.progress.line})" if card.progress else card.why["progress"]))
    told.append(("left", card.left.why if card.left.seconds is None else f"{duration(card.left.seconds)}, {card.left.why}"))
    if card.rate:
        told.append(("rate", f"{card.rate.value:.4g} (line {card.rate.line})"))
    if card.nan:
        told.append(("not finite", Text(f"{card.nan[1]} since line {card.nan[0]}", "bold red")))
    if card.error:
        told.append(("trouble", Text(f"{card.error[1]} (line {card.error[0]})", "red")))
    return told


def _state(card: Card) -> Text:
    if not card.state:
        return Text(card.why["state"])
    return Text.assemble((card.state, _STYLES[card.state]), f" (line {card.state_line})")


def _point(point: Point) -> str:
    where = "".join(f", {name} {at:g}" for name, at in (("epoch", point.epoch), ("step", point.step)) if at is not None)
    return f"{point.value:.6g}{where} (line {point.line})"


def _since(card: Card) -> str:
    if not card.since:
        return ", which is the last"
    unit = card.unit[:-1] if card.since == 1 else card.unit
    return f", {card.since:g} {unit} ago"


def _span(card: Card) -> str:
    if card.begun is None or card.ended is None:
        return ""
    took = duration((card.ended - card.begun).total_seconds())
    return f"; {card.begun:%Y-%m-%d %H:%M} to {card.ended:%Y-%m-%d %H:%M}, {took}" if told_year(card.begun) else f"; {took}"
