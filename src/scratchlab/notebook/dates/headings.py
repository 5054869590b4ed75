"""The headings of a note that are a day's: those that begin with it."""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.notebook.dates.written import beginning, nearest


def of_day(headings: Sequence[str], day: str) -> list[int]:
    """Which of a note's headings begin with the day that another text begins with, however either writes it.

    headings: their texts, in the order of the note; a year that one does not write is that of those before it.

    >>> of_day(["2025-03-05 (Wed)", "03-07: plans", "Compare with 2025-03-07"], "7 March 2025")
    [1]
    """
    found: list[int] = []
    year = nearest(None)
    for number, heading in enumerate(headings):
        if own := beginning(heading, year):
            year = nearest(own.span.start.date())
            if (asked := beginning(day, year)) and asked.span == own.span:
                found.append(number)
    return found
