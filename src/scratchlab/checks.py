"""Errors for wrong input, and helpers that format their messages: one sentence with the place and the remedy."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt  # numpy is not imported for a sentence


class Problem(Exception):  # noqa: N818 (addressed to users, not to programmers)
    """Wrong input. The message is a sentence: what is wrong, where, and what would be right.

    The command line prints the message without a traceback; library code does not catch it.
    """


class Diverged(Problem):
    """Training diverged. Unlike wrong input this is a result, so the run is kept.

    facts: the diagnosis, serialisable as JSON; it is stored in the run.
    """

    def __init__(self, message: str, facts: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.facts = facts


def nearest(word: str, valid: Iterable[str]) -> str:
    """`" Did you mean 'width'?"` with the most similar of the `valid` words, or "" if none is similar to `word`."""
    close = difflib.get_close_matches(word, list(valid), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def listing(words: Iterable[str], most: int = 12) -> str:
    """Formats words for a sentence, at most `most` of them: `a, b, c, … (40 in all)`."""
    words = list(words)
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown}, … ({len(words)} in all)"


def counted(number: int, noun: str) -> str:
    """Formats a number with its noun: `1 clip`, `2 clips`, `0 classes`."""
    return f"{number} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a noun.

    >>> [plural(noun) for noun in ("clip", "class", "query", "day")]
    ['clips', 'classes', 'queries', 'days']
    """
    if noun.endswith("y") and noun[-2:-1] not in "aeou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "tch")) else f"{noun}s"


def duration(seconds: float) -> str:
    """Formats a duration with at most two units, rounded.

    >>> [duration(seconds) for seconds in (0.4, 99.4, 150, 5970, 3600 * 3 + 20 * 60, 3600 * 24, 90061, 3600 * 24 * 3)]
    ['0 s', '99 s', '2 min', '1 h 40 min', '3 h 20 min', '24 h', '25 h 1 min', '3 d']
    """
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    whole, part, units = (*divmod(minutes, 60), ("h", "min")) if minutes < 48 * 60 else (*divmod(round(minutes / 60), 24), ("d", "h"))
    return f"{whole} {units[0]}" + (f" {part} {units[1]}" if part else "")


def as_array(values: Any, axes: str = "", what: str = "values") -> npt.NDArray[Any]:
    """A numpy array of an array-like, or of a tensor on any device. axes: names of the axes it must have, as in "n, d"; empty: any.

    Raises Problem, naming `what`, for another number of axes.

    >>> as_array([[1, 2]], "n, d").shape
    (1, 2)
    """
    import numpy as np

    array = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    if axes and array.ndim != axes.count(",") + 1:
        raise Problem(f"{what} must have the shape [{axes}]; their shape is {list(array.shape)}.")
    return array


def same_length(**arrays: Any) -> None:
    """Raises Problem unless these arrays, by what they hold, have one entry for each of the same n, and n is 1 or more."""
    sizes = {name.replace("_", " "): len(array) for name, array in arrays.items()}
    if len(set(sizes.values())) > 1 or 0 in sizes.values():
        raise Problem(f"There must be as many of each, 1 or more: {', '.join(f'{name} {size}' for name, size in sizes.items())}.")


def installed(needed_by: str, extra: str, *libraries: str) -> None:
    """Raises Problem if one of the optional `libraries` is not installed, naming the `extra` that installs it."""
    if missing := [library for library in libraries if importlib.util.find_spec(library) is None]:
        raise Problem(f"{needed_by} needs {listing(missing)}, not installed here: pip install 'scratchlab[{extra}]'")
