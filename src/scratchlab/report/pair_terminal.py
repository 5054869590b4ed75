"""A pair as a table for the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.analysis.pair import Pair
from scratchlab.report import pair_words
from scratchlab.report.pair_words import number


def pair(found: Pair) -> RenderableType:
    """Who is A and B, what every similarity says of them, and what their path tells."""
    sides = [
        Text.assemble((f"{name}  ", "bold"), (clip.label, "bold cyan"), f"  {clip.id}", (f"  {size}", "dim"))
        for name, clip, size in (
            (name, clip, pair_words.size(found, clip, steps))
            for name, clip, steps in zip("AB", (found.a, found.b), found.pairing.cosines.shape, strict=True)
        )
    ]
    table = Table("similarity", "A and B", "with itself", "reversed", "hears order", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, one in found.pairing.verdicts.items():
        both = (Text(number(value), style="dim") for value in (one.reversal.itself, one.reversal.reversed))
        table.add_row(name, Text(number(one.score), style="bold"), *both, "yes" if one.sees_order else "no")
    return Group(*sides, table, *(Text(line) for line in pair_words.alignment(found)))
