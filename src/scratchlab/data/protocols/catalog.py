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
    """Splits samples, by row numbers, into training, validation, reference and query rows, and names the evaluation."""

    kind: str
    """The name of its evaluation in evaluation/catalog.py."""

    def plan(self, samples: Samples) -> Plan:
        """The splits. Raises Problem where the data are not sufficient."""
        ...


PROTOCOLS: dict[str, Callable[..., Protocol]] = {
    "closed_set": ClosedSet,
    "episodes": Episodes,
    "retrieval": Retrieval,
    "sessions": Sessions,
}
