"""What summary.json holds, read back: numbers as estimates, and which class came when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scratchlab.metrics.estimate import Estimate

METRICS = ("accuracy", "balanced", "base", "new", "harmonic")
"""Of one session, in the order in which they are shown."""

Head = dict[str, Any]


def estimates(head: Mapping[str, Any]) -> Head:
    """A head with every number as an Estimate: `sessions` (a list of dicts with `METRICS`), `average` and `drop`."""
    sessions = [session | {name: Estimate(**session[name]) for name in METRICS} for session in head["sessions"]]
    return {"sessions": sessions, "average": Estimate(**head["average"]), "drop": Estimate(**head["drop"])}


def arrivals(classes: Iterable[str], sessions: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The session in which each class was learned: the first that knows as many as stand before it.

    >>> arrivals("abc", [{"classes": 2}, {"classes": 3}])
    {'a': 0, 'b': 0, 'c': 1}
    """
    known = [session["classes"] for session in sessions]
    return {name: next(number for number, size in enumerate(known) if place < size) for place, name in enumerate(classes)}
