"""The protocols a recipe can name in [protocol]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol as Interface

from scratchlab.data.protocols.closed_set import ClosedSet
from scratchlab.data.protocols.episodes import Episodes
from scratchlab.data.protocols.retrieval import Retrieval
from scratchlab.data.protocols.sessions import Sessions
from scratchlab.types import Plan, Samples


class Protocol(Interface):
    """Decides, by row numbers alone, what is trained on, what may choose, and what is asked; and how the answers are evaluated."""

    kind: str
    """The evaluation of its answers: a name in evaluation/catalog.py."""

    def plan(self, samples: Samples) -> Plan:
        """Everything it decides. Raises Problem where the data do not suffice."""
        ...


PROTOCOLS: dict[str, Callable[..., Protocol]] = {
    "closed_set": ClosedSet,
    "episodes": Episodes,
    "retrieval": Retrieval,
    "sessions": Sessions,
}
