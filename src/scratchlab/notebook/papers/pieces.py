"""A piece of a paper: a paragraph of a PDF's page, or lines of a picture that stand together; and how its place is said and understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from scratchlab.notebook.papers.engines.interface import Box, Line

HARDLY = 0.8  # less sure of a piece than this, and whoever reads it is told
APART = 0.8  # of a line's height: a larger gap parts two pieces
_PAGE = re.compile(r"page (\d+)")
_REGION = re.compile(r"the region (\d+),(\d+) to (\d+),(\d+)")


@dataclass(frozen=True)
class Piece:
    """Text that stands together.

    page: of a PDF, from 1; 0 of a picture.
    box: left, top, right, bottom in pixels of the upright picture (of a scanned page: of that on it); None of text that was no picture.
    sure: how sure the engine is of it, 0 to 1; 1 of text that was never a picture.
    """

    text: str
    page: int = 0
    box: Box | None = None
    sure: float = 1.0

    @property
    def detail(self) -> str:
        """Its place within the file, as a person would say it.

        >>> Piece("lr 3e-4", 2, (12, 40, 300, 80), 0.6).detail
        'page 2, the region 12,40 to 300,80, hardly legible'
        """
        said = [f"page {self.page}"] if self.page else []
        if self.box:
            left, top, right, bottom = self.box
            said.append(f"the region {left},{top} to {right},{bottom}")
        return ", ".join([*said, "hardly legible"] if self.sure < HARDLY else said)


def understood(detail: str) -> tuple[int, Box | None]:
    """Page (0 if it names none) and box of what `Piece.detail` said."""
    page, region = _PAGE.search(detail), _REGION.search(detail)
    box = tuple(int(edge) for edge in region.groups()) if region else None
    return int(page[1]) if page else 0, (box[0], box[1], box[2], box[3]) if box else None


def together(lines: Sequence[Line], page: int = 0) -> list[Piece]:
    """Lines in pieces: one follows another of about its height closely, and begins or ends above it."""
    groups: list[list[Line]] = []
    for line in _ordered(lines):
        near = next((group for group in reversed(groups) if _follows(line, group[-1])), None)
        if near is None:
            groups.append([line])
        else:
            near.append(line)
    return [_piece(group, page) for group in groups]


def _ordered(lines: Sequence[Line]) -> Iterator[Line]:
    """From the top; lines of about the same height on the page from the left."""
    if not lines:
        return iter(())
    rows: list[list[Line]] = []
    height = median(bottom - top for _, top, _, bottom in (line.box for line in lines))
    for line in sorted(lines, key=_middle):
        if rows and _middle(line) - _middle(rows[-1][0]) < height / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return (line for row in rows for line in sorted(row, key=lambda line: line.box[0]))


def _middle(line: Line) -> float:
    return (line.box[1] + line.box[3]) / 2


def _follows(line: Line, above: Line) -> bool:
    (left, top, right, bottom), (other_left, other_top, other_right, other_bottom) = line.box, above.box
    height = min(bottom - top, other_bottom - other_top)
    across = min(right, other_right) - max(left, other_left)
    return (
        across > 0
        and _middle(line) > _middle(above)
        and top - other_bottom < APART * height
        and bottom - top < 2 * height
        and other_bottom - other_top < 2 * height
    )


def _piece(lines: list[Line], page: int) -> Piece:
    lefts, tops, rights, bottoms = zip(*(line.box for line in lines), strict=True)
    sizes = [len(line.text) for line in lines]
    sure = sum(line.sure * size for line, size in zip(lines, sizes, strict=True)) / sum(sizes)
    return Piece("\n".join(line.text for line in lines), page, (min(lefts), min(tops), max(rights), max(bottoms)), round(sure, 3))
