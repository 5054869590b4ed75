"""Stopping between two training steps: on Ctrl-C, and on the signal that a scheduler sends before it kills the process."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Generator
from types import FrameType


class StopRequest:
    """Whether a stop was requested."""

    requested = False


@contextlib.contextmanager
def stoppable() -> Generator[StopRequest]:
    """While open, the first SIGINT or SIGTERM only sets `requested`, and a second one raises KeyboardInterrupt.

    Outside the main thread, signals cannot be handled, so nothing changes.
    """
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def request_stop(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True

    previous = {number: signal.signal(number, request_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
