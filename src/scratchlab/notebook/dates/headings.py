"""Which headings of a note begin with a given day."""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.notebook.dates.written import beginning, nearest


def of_day(headings: Sequence[str], day: str) -> list[int]:
    """Indices of the headings that begin with the same day as another text, in any notation.

    headings: texts in the order of the note; a missing year is taken from the heading before.

    >>> of_day(["2025-03-05 (Wed)", "03-07: plans", "Compare with 2025-03-07"], "7 March 2025")
    [1]
    """
    found: list[int] = []
    year = nearest(None)
    for number, heading in enumerate(headings):
        if own := beginning(heading, year):
            year = nearest(own.span.start.date())
            if (wanted := beginning(day, year)) and wanted.span == own.span:
                found.append(number)
    return found
