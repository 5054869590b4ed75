"""Stopping between two steps: on Ctrl-C, and on the signal a scheduler sends before it kills."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Generator
from types import FrameType


class StopRequest:
    """Whether somebody asked to stop."""

    asked = False


@contextlib.contextmanager
def stoppable() -> Generator[StopRequest]:
    """SIGINT and SIGTERM ask to stop instead of striking anywhere; a second one strikes. Elsewhere than in the main thread: nothing."""
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
