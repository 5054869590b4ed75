"""Stopping a run: on Ctrl-C, and on SIGTERM, which a scheduler sends before it kills the process."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Generator, Mapping
from types import FrameType


class StopRequest:
    """Whether a stop was requested."""

    requested = False


@contextlib.contextmanager
def stoppable() -> Generator[StopRequest]:
    """While open, the first SIGINT or SIGTERM only sets `requested`, and a second one raises KeyboardInterrupt, as does closing with a
    request that came too late for a step.

    Outside the main thread, signals cannot be handled, so nothing changes.
    """
    stop = StopRequest()

    def request_stop(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True

    with _handled({signal.SIGINT: request_stop, signal.SIGTERM: request_stop}):
        yield stop
    if stop.requested:
        raise KeyboardInterrupt


def terminable() -> contextlib.AbstractContextManager[None]:
    """While open, SIGTERM raises KeyboardInterrupt, as Ctrl-C does."""
    return _handled({signal.SIGTERM: signal.default_int_handler})


@contextlib.contextmanager
def _handled(handlers: Mapping[int, Callable[[int, FrameType | None], object]]) -> Generator[None]:
    """While open, these functions handle these signals; outside the main thread, nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
