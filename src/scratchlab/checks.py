"""What a person is told when the input is wrong: one sentence with the place and the remedy."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterable
from typing import Any


class Problem(Exception):  # noqa: N818 (told to people, not to programmers)
    """Wrong input, told as a sentence: what is wrong, where, and what would be right.

    The command line prints it without a traceback; everything else lets it pass.
    """


class Diverged(Problem):
    """Training that broke down. Unlike wrong input it is a result, and the run that found it is kept.

    facts: what is known of how it came, as JSON can hold it; the run keeps them as well.
    """

    def __init__(self, message: str, facts: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.facts = facts


def nearest(word: str, valid: Iterable[str]) -> str:
    """`" Did you mean 'width'?"` when one of the `valid` words resembles `word`, else nothing."""
    close = difflib.get_close_matches(word, list(valid), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def listing(words: Iterable[str], most: int = 12) -> str:
    """The words for a sentence, cut after `most`: `a, b, c, … (40 in all)`."""
    words = list(words)
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown}, … ({len(words)} in all)"


def counted(number: int, noun: str) -> str:
    """`1 clip`, `2 clips`, `0 classes`."""
    if number == 1:
        return f"{number} {noun}"
    return f"{number} {noun}es" if noun.endswith(("s", "x", "tch")) else f"{number} {noun}s"


def installed(needed_by: str, extra: str, *libraries: str) -> None:
    """Raises Problem where a library that does not come along is missing, naming the extra that brings it."""
    if lacking := [library for library in libraries if importlib.util.find_spec(library) is None]:
        raise Problem(f"{needed_by} needs {listing(lacking)}, not installed here: pip install 'scratchlab[{extra}]'")
