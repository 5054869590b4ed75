"""Pages that the notebook itself writes into a vault, and which part of them belongs to the user."""

from __future__ import annotations

from collections.abc import Sequence

HOME = "scratchlab"  # the notebook's folder in the vault; links include it, as the user's daily notes may have the same names
MARK = "%% below this line is yours %%"  # below it, pages belong to the user


def user_lines(lines: Sequence[str]) -> list[str]:
    """The lines of a page with the generated part blanked, so that only the user's part is indexed."""
    end = next((number for number, line in enumerate(lines, 1) if line.rstrip() == MARK), len(lines))
    return [*[""] * end, *lines[end:]]
