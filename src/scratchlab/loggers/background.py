"""Runs an experiment logger in a background thread: training never waits for the logger, and never fails because of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from scratchlab.loggers.interface import ExperimentLogger
from scratchlab.store.run import Run

SECONDS = 5.0  # interval between checks of the run's folder
LONGEST = 120.0  # longest interval after failures
PATIENCE = 30.0  # how long the end of a run waits for the remaining data to be sent


class InBackground:
    """Context in which a thread sends every epoch's record soon after it is written; on exit it sends the rest.

    say: called with one sentence if the logger fails. Nothing is sent before the first epoch is recorded, so that a run that fails earlier,
    because of wrong input, leaves no trace.
    """

    def __init__(
        self, logger: ExperimentLogger, run: Run, say: Callable[[str], None], *, seconds: float = SECONDS, patience: float = PATIENCE
    ) -> None:
        self.logger, self.run, self.say, self.seconds, self.patience = logger, run, say, seconds, patience
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="logger", daemon=True)  # so that the program can exit if a server hangs
        self.failures, self.warned = 0, False

    def __enter__(self) -> InBackground:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.over.set()
        self.thread.join(self.patience)
        if self.thread.is_alive():
            self._warn("it did not answer in time")

    def _watch(self) -> None:
        sent = ""
        while not self.over.wait(min(self.seconds * 2**self.failures, LONGEST)):
            if (version := self._version()) != sent and self._synced(final=False):
                sent = version
        if self.run.folder.exists():
            self._synced(final=True)

    def _version(self) -> str:
        """A string that changes with the run's records; empty before the first."""
        path = self.run.folder / "metrics.jsonl"
        try:
            status = path.stat()
        except OSError:
            return ""
        return f"{status.st_mtime_ns} {status.st_size}" if status.st_size else ""

    def _synced(self, *, final: bool) -> bool:
        try:
            self.logger.sync(final=final)
        except Exception as error:  # training continues whatever happens to the logger
            self.failures += 1
            if final or self.failures == 2:  # a single failure may be due to two runs that created the same table at once
                self._warn(str(error).strip().partition("\n")[0] or type(error).__name__)
            return False
        self.failures = 0
        return True

    def _warn(self, reason: str) -> None:
        if not self.warned:
            self.warned = True
            self.say(
                f"The experiment logger at {self.logger.address} cannot be updated ({reason[:200]}); "
                "the run and its folder are not affected."
            )
