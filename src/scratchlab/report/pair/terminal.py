"""A pair as a table for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from scratchlab.analysis.pair import Pair
from scratchlab.report import tables
from scratchlab.report.pair import words
from scratchlab.report.pair.words import number


def pair(found: Pair) -> RenderableType:
    """Who is A and B, what every similarity says of them, and what their path tells."""
    sides = [
        Text.assemble((f"{name}  ", "bold"), (clip.label, "bold cyan"), f"  {clip.id}", (f"  {size}", "dim"))
        for name, clip, size in (
            (name, clip, words.size(found, clip, steps))
            for name, clip, steps in zip("AB", (found.a, found.b), found.pairing.cosines.shape, strict=True)
        )
    ]
    table = tables.table("similarity", "A and B", "with itself", "reversed", "hears order")
    for name, one in found.pairing.verdicts.items():
        both = (Text(number(value), style="dim") for value in (one.reversal.itself, one.reversal.reversed))
        table.add_row(name, Text(number(one.score), style="bold"), *both, "yes" if one.sees_order else "no")
    return Group(*sides, table, *(Text(line) for line in words.alignment(found)))
