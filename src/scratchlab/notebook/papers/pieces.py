"""Pieces of papers: paragraphs of a PDF's page, or adjacent lines of a picture; formatting and parsing of their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from scratchlab.notebook.papers.engines.interface import Box, Line

HARDLY = 0.8  # pieces with lower confidence are marked as hardly legible
APART = 0.8  # a gap larger than this fraction of the line height separates pieces
_PAGE = re.compile(r"page (\d+)")
_REGION = re.compile(r"the region (\d+),(\d+) to (\d+),(\d+)")


@dataclass(frozen=True)
class Piece:
    """A block of text.

    page: page of a PDF, from 1; 0 for a picture.
    box: left, top, right, bottom in pixels of the upright picture (for a scanned page, of the picture on it); None for text of a PDF.
    confidence: of the OCR, 0 to 1; 1 for text of a PDF.
    """

    text: str
    page: int = 0
    box: Box | None = None
    confidence: float = 1.0

    @property
    def detail(self) -> str:
        """The place within the file, in words.

        >>> Piece("lr 3e-4", 2, (12, 40, 300, 80), 0.6).detail
        'page 2, the region 12,40 to 300,80, hardly legible'
        """
        parts = [f"page {self.page}"] if self.page else []
        if self.box:
            left, top, right, bottom = self.box
            parts.append(f"the region {left},{top} to {right},{bottom}")
        return ", ".join([*parts, "hardly legible"] if self.confidence < HARDLY else parts)


def parse_detail(detail: str) -> tuple[int, Box | None]:
    """Parses `Piece.detail` into page (0 if there is none) and box."""
    page, region = _PAGE.search(detail), _REGION.search(detail)
    box = tuple(int(edge) for edge in region.groups()) if region else None
    return int(page[1]) if page else 0, (box[0], box[1], box[2], box[3]) if box else None


def group_lines(lines: Sequence[Line], page: int = 0) -> list[Piece]:
    """Groups lines into pieces: a line joins a line of similar height closely above it that overlaps it horizontally."""
    groups: list[list[Line]] = []
    for line in _ordered(lines):
        near = next((group for group in reversed(groups) if _follows(line, group[-1])), None)
        if near is None:
            groups.append([line])
        else:
            near.append(line)
    return [_piece(group, page) for group in groups]


def _ordered(lines: Sequence[Line]) -> Iterator[Line]:
    """Sorts lines from top to bottom, and those of one row from left to right."""
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
    confidence = sum(line.confidence * size for line, size in zip(lines, sizes, strict=True)) / sum(sizes)
    return Piece("\n".join(line.text for line in lines), page, (min(lefts), min(tops), max(rights), max(bottoms)), round(confidence, 3))
