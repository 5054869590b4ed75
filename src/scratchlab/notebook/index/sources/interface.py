"""What every source of events offers to the index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from scratchlab.notebook.events import Event
from scratchlab.notebook.walk import Refused

Read = Callable[[], Sequence[Event]]


class Source(Protocol):
    """Things that each have a key, a stamp that is cheap to look at, and events that are not."""

    def stamps(self, refused: Refused) -> Iterable[tuple[str, str]]:
        """Each thing's key (a path, mostly) and a stamp, which changes when the thing may have changed.

        refused: takes keys, and folders of such, that could not be looked at, with why: what is known of them stays.
        """
        ...

    def read(self, key: str) -> tuple[str, Read]:
        """The digest of the thing's content, and what makes its events, asked only where the digest is new.

        Raises OSError or Problem where it cannot be read (it has gone, or may not be looked at): it is then told of and left as it was.
        """
        ...
