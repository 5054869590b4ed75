"""Saves the region of a picture that a search result points at."""

from __future__ import annotations

from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.events import Place
from scratchlab.notebook.papers.pieces import parse_detail
from scratchlab.notebook.papers.reading import PDF, picture

MARGIN = 0.05  # fraction of the region's longer side
LEAST = 16  # minimum margin in pixels


def save(place: Place, to: Path) -> Path:
    """Writes the region, with a margin, as a PNG; the whole picture if the place names no region.

    Raises Problem if the place is text or its picture cannot be read, OSError if a file cannot be opened.
    """
    page, box = parse_detail(place.detail)
    if box is None and (page or place.line or place.path.suffix.lower() == PDF):
        raise Problem(f"{place} is text, not a picture")
    whole = picture(place.path, page)
    if box:
        left, top, right, bottom = box
        margin = max(LEAST, round(MARGIN * max(right - left, bottom - top)))
        whole = whole.crop(
            (max(left - margin, 0), max(top - margin, 0), min(right + margin, whole.width), min(bottom + margin, whole.height))
        )
    whole.save(to, "PNG")
    return to
