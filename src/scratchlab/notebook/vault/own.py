"""The pages that the notebook itself writes into a vault: what of them is a person's."""

from __future__ import annotations

from collections.abc import Sequence

HOME = "scratchlab"  # the folder in the vault, with which links begin: a person's own daily note may have the same name as ours
MARK = "%% below this line is yours %%"


def theirs(lines: Sequence[str]) -> list[str]:
    """The lines of a page of ours with all that we made left blank, so that it is not found as if somebody had noted it."""
    end = next((number for number, line in enumerate(lines, 1) if line.rstrip() == MARK), len(lines))
    return [*[""] * end, *lines[end:]]
