"""A pair as a table for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from scratchlab.analysis.pair import Pair
from scratchlab.report import tables
from scratchlab.report.pair import words
from scratchlab.report.pair.words import number


def pair(compared: Pair) -> RenderableType:
    """A and B, their score by every similarity, and sentences about their alignment."""
    sides = [
        Text.assemble((f"{name}  ", "bold"), (clip.label, "bold cyan"), f"  {clip.id}", (f"  {size}", "dim"))
        for name, clip, size in (
            (name, clip, words.size(compared, clip, steps))
            for name, clip, steps in zip("AB", (compared.a, compared.b), compared.pairing.cosines.shape, strict=True)
        )
    ]
    table = tables.table("similarity", "A and B", "self", "reversed", "order-sensitive")
    for name, verdict in compared.pairing.verdicts.items():
        both = (Text(number(value), style="dim") for value in (verdict.reversal.itself, verdict.reversal.reversed))
        table.add_row(name, Text(number(verdict.score), style="bold"), *both, "yes" if verdict.sees_order else "no")
    return Group(*sides, table, *(Text(line) for line in words.alignment(compared)))
