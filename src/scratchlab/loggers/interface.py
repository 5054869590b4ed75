"""The interface of experiment loggers."""

from __future__ import annotations

from typing import Protocol

from scratchlab.store.run import Run


class ExperimentLogger(Protocol):
    """Sends one run to an experiment tracker. It only reads the run's folder, and writes nothing there."""

    def __init__(self, run: Run) -> None:
        """Create the logger without connecting to the tracker."""
        ...

    @classmethod
    def check_installed(cls) -> None:
        """Raise Problem if a package that it needs is not installed."""
        ...

    @property
    def address(self) -> str:
        """The address of the tracker."""
        ...

    def sync(self, *, final: bool) -> None:
        """Send everything that has not been sent yet; after an exception, the next call sends it again, without duplicates.

        final: whether this is the last call, after the run ended.
        """
        ...
