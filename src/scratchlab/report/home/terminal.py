"""Enrolled words, for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from scratchlab.inference.home import Home
from scratchlab.report import tables
from scratchlab.report.home import words


def summary(home: Home) -> RenderableType:
    """Figures, then what is wrong, then what to record next."""
    table = tables.table("left out, one at a time", "value", first="left")
    for name, value, how in words.figures(home):
        table.add_row(name, Text.assemble(value, (f"  {how}", "dim")))
    threshold = "" if home.threshold is None else f" Below a score of {home.threshold:.3f} the answer is “unknown”."
    return Group(
        Text(words.headline(home), "bold"),
        table,
        Text(f"recognised: answered with their word; accuracy: the nearest word is theirs. {words.NOTE}{threshold}", "dim"),
        *(Text(f"Warning: {remark}", "bold yellow") for remark in words.remarks(home)),
        *(Text(sentence) for sentence in words.advice(home)),
    )
