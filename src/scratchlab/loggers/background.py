"""A mirror kept up to date beside the training: it never waits for the mirror, and never fails with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from scratchlab.mirrors.interface import Mirror
from scratchlab.store.run import Run

SECONDS = 5.0  # between two looks at the run's folder
LONGEST = 120.0  # the same, while the mirror does not answer
PATIENCE = 30.0  # how long the end of a run waits for what is left to send


class InBackground:
    """While open, a thread sends every epoch's record soon after it is written; at the end, everything.

    say: is given one sentence if the mirror does not answer. Nothing is sent before the first epoch is recorded: a run that wrong input
    ends before leaves no trace.
    """

    def __init__(
        self, mirror: Mirror, run: Run, say: Callable[[str], None], *, seconds: float = SECONDS, patience: float = PATIENCE
    ) -> None:
        self.mirror, self.run, self.say, self.seconds, self.patience = mirror, run, say, seconds, patience
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="mirror", daemon=True)  # the program may end while a server hangs
        self.failures, self.said = 0, False

    def __enter__(self) -> InBackground:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.over.set()
        self.thread.join(self.patience)
        if self.thread.is_alive():
            self._tell("it did not answer in time")

    def _watch(self) -> None:
        seen = ""
        while not self.over.wait(min(self.seconds * 2**self.failures, LONGEST)):
            if (now := self._recorded()) != seen and self._synced(over=False):
                seen = now
        if self.run.folder.exists():
            self._synced(over=True)

    def _recorded(self) -> str:
        """Changes with the run's records; empty before the first."""
        path = self.run.folder / "metrics.jsonl"
        try:
            told = path.stat()
        except OSError:
            return ""
        return f"{told.st_mtime_ns} {told.st_size}" if told.st_size else ""

    def _synced(self, *, over: bool) -> bool:
        try:
            self.mirror.sync(over=over)
        except Exception as error:  # whatever becomes of the mirror, the training goes on
            self.failures += 1
            if over or self.failures == 2:  # once may be two runs that made the same table at the same moment
                self._tell(str(error).strip().partition("\n")[0] or type(error).__name__)
            return False
        self.failures = 0
        return True

    def _tell(self, why: str) -> None:
        if not self.said:
            self.said = True
            self.say(
                f"The mirror at {self.mirror.place} cannot be kept up to date ({why[:200]}); the run and its folder are untouched by that."
            )
