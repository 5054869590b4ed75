"""The pages read by OCR, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from scratchlab.notebook.papers.pieces import HARDLY
from scratchlab.notebook.papers.reading import ReadSheet

WORDS = 80  # characters shown of a page


def read_sheets(found: Sequence[ReadSheet], beside: Path) -> Table:
    """One row per page: its path (relative to `beside` if it lies below), the OCR's confidence, and how its text begins."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("page", overflow="fold")
    table.add_column("confidence", justify="right")
    table.add_column("text")
    for read_sheet in found:
        path = read_sheet.sheet.path
        name = str(path.relative_to(beside) if path.is_relative_to(beside) else path) + (
            f", page {read_sheet.sheet.page}" if read_sheet.sheet.page else ""
        )
        if not read_sheet.pieces:
            table.add_row(name, "", Text("no legible text", style="dim"))
            continue
        text = " ".join(" ".join(piece.text for piece in read_sheet.pieces).split())
        sizes = [len(piece.text) for piece in read_sheet.pieces]
        confidence = sum(piece.confidence * size for piece, size in zip(read_sheet.pieces, sizes, strict=True)) / sum(sizes)
        style = "" if confidence >= HARDLY else "yellow"
        table.add_row(name, Text(f"{confidence:.0%}", style=style), text if len(text) <= WORDS else f"{text[:WORDS]}…")
    return table
