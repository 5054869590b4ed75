"""What was read of pictures, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from scratchlab.notebook.papers.pieces import HARDLY
from scratchlab.notebook.papers.reading import Seen

WORDS = 80  # characters shown of what a page says


def seen(found: Sequence[Seen], beside: Path) -> Table:
    """One row a page: where it is (below `beside`, if it is), how sure the engine was of it, how it begins."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("page", overflow="fold")
    table.add_column("sure", justify="right")
    table.add_column("what it says")
    for one in found:
        path = one.sheet.path
        name = str(path.relative_to(beside) if path.is_relative_to(beside) else path) + (
            f", page {one.sheet.page}" if one.sheet.page else ""
        )
        if not one.pieces:
            table.add_row(name, "", Text("no writing that could be read", style="dim"))
            continue
        said = " ".join(" ".join(piece.text for piece in one.pieces).split())
        sizes = [len(piece.text) for piece in one.pieces]
        sure = sum(piece.sure * size for piece, size in zip(one.pieces, sizes, strict=True)) / sum(sizes)
        style = "" if sure >= HARDLY else "yellow"
        table.add_row(name, Text(f"{sure:.0%}", style=style), said if len(said) <= WORDS else f"{said[:WORDS]}…")
    return table
