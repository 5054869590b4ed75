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
    return f"{number} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The noun of more than one.

    >>> [plural(noun) for noun in ("clip", "class", "query", "day")]
    ['clips', 'classes', 'queries', 'days']
    """
    if noun.endswith("y") and noun[-2:-1] not in "aeou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "tch")) else f"{noun}s"


def duration(seconds: float) -> str:
    """Two units at most, and no more places than a person needs.

    >>> [duration(one) for one in (0.4, 99.4, 150, 5970, 3600 * 3 + 20 * 60, 3600 * 24, 90061, 3600 * 24 * 3)]
    ['0 s', '99 s', '2 min', '1 h 40 min', '3 h 20 min', '24 h', '25 h 1 min', '3 d']
    """
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    whole, part, units = (*divmod(minutes, 60), ("h", "min")) if minutes < 48 * 60 else (*divmod(round(minutes / 60), 24), ("d", "h"))
    return f"{whole} {units[0]}" + (f" {part} {units[1]}" if part else "")


def installed(needed_by: str, extra: str, *libraries: str) -> None:
    """Raises Problem where a library that does not come along is missing, naming the extra that brings it."""
    if lacking := [library for library in libraries if importlib.util.find_spec(library) is None]:
        raise Problem(f"{needed_by} needs {listing(lacking)}, not installed here: pip install 'scratchlab[{extra}]'")
