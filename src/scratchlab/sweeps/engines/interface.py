"""What every engine does: make runs, some at a time, and say of each how it ended."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Protocol

from scratchlab.sweeps.work import Ending, Order

TRIES = 3  # a run whose process dies so often fails


def given_up(order: Order) -> Ending:
    """How it ends for a run whose process died `TRIES` times."""
    return Ending(order, "failed", f"the process that made it died {TRIES} times, without a word")


class Engine(Protocol):
    """A way to make runs elsewhere than in this process.

    Its constructor is given how many runs to make at a time, 0 for as many as there is room for; what is keyword-only are its settings.
    """

    def made(self, orders: Iterable[Order]) -> Generator[Ending]:
        """Every order once, as they end. A process that dies is replaced, and its run gone on with, `TRIES` times in all.

        An order is taken when there is room for it and the last ending has been looked at, so the next one may depend on all before it;
        an iterator that has none for now is asked again after the next ending.
        Nothing goes on without whoever asked: where this generator is closed, or this process gone, so is all that it began. What has a
        queue of its own may go on when this process is gone (`slurm` does); it then finds what it began when it is asked again.
        """
        ...
