"""What every source of events offers to the index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from scratchlab.notebook.events import Event

Read = Callable[[], Sequence[Event]]


class Source(Protocol):
    """Things that each have a key, a stamp that is cheap to look at, and events that are not."""

    def stamps(self) -> Iterable[tuple[str, str]]:
        """Each thing's key (a path, mostly) and a stamp, which changes when the thing may have changed."""
        ...

    def read(self, key: str) -> tuple[str, Read]:
        """The digest of the thing's content, and what makes its events, asked only where the digest is new.

        Raises OSError or Problem where it cannot be read (it has gone, or may not be looked at): it is then told of and left as it was.
        """
        ...
