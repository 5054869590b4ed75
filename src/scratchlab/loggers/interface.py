"""What a mirror has to offer."""

from __future__ import annotations

from typing import Protocol

from scratchlab.store.run import Run


class Mirror(Protocol):
    """Shows one run elsewhere. All it knows it reads from the run's folder; it writes nothing there."""

    def __init__(self, run: Run) -> None:
        """Asks nobody yet."""
        ...

    @classmethod
    def ready(cls) -> None:
        """Raises Problem where what it needs is not installed."""
        ...

    @property
    def place(self) -> str:
        """Where it shows the run."""
        ...

    def sync(self, *, over: bool) -> None:
        """Sends what is not there yet; whatever it raises, the next call sends the same again, and nothing twice.

        over: the folder is complete, or as complete as it will be.
        """
        ...
