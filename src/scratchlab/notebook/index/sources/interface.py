"""The interface of all sources of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from scratchlab.notebook.events import Event
from scratchlab.notebook.walk import Refused

Read = Callable[[], Sequence[Event]]


class Source(Protocol):
    """Items with a key, a stamp that is cheap to compute, and events that are not."""

    def stamps(self, refused: Refused) -> Iterable[tuple[str, str]]:
        """Yields each item's key (usually a path) and a stamp, which changes whenever the item may have changed.

        refused: receives keys, and folders of such, that could not be checked, with the reason; their events are kept.
        """
        ...

    def read(self, key: str) -> tuple[str, Read]:
        """The digest of the item's content, and a function that makes its events, called only if the digest is new.

        Raises OSError or Problem if the item cannot be read; the error is then reported and its events are kept.
        """
        ...
