"""What every engine does: make runs, some at a time, and say of each how it ended."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

from scratchlab.sweeps.work import Ending, Order

TRIES = 3  # a run whose process dies so often fails


class Engine(Protocol):
    """A way to make runs elsewhere than in this process."""

    def made(self, orders: Sequence[Order]) -> Generator[Ending]:
        """Every order once, as they end. A process that dies is replaced, and its run gone on with, `TRIES` times in all.

        Nothing goes on without whoever asked: where this generator is closed, or this process gone, so is all that it began.
        """
        ...
