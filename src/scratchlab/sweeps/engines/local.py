"""Processes on this machine, each of which makes one run after another, on one thread."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Generator, Iterable
from multiprocessing.connection import Connection, wait
from typing import cast

from scratchlab.sweeps.engines.interface import TRIES, given_up
from scratchlab.sweeps.work import Ending, Order, made

SPAWN = multiprocessing.get_context("spawn")  # a fork would share what threads had locked


class Local:
    """`workers` processes, 0 for one a processor; they are begun once for many runs, as loading takes longer than some runs do."""

    def __init__(self, workers: int) -> None:
        self.workers = workers or os.cpu_count() or 1

    def made(self, orders: Iterable[Order]) -> Generator[Ending]:
        """Every order once, as they end."""
        left, busy, idle = iter(orders), list[_Worker](), list[_Worker]()
        try:
            while True:
                while len(busy) < self.workers and (order := next(left, None)) is not None:
                    busy.append(idle.pop() if idle else _Worker())
                    busy[-1].ask(order)
                if not busy:
                    return
                line, *_ = wait([worker.line for worker in busy])
                worker = next(one for one in busy if one.line is line)
                if (ending := worker.ending()) is None:
                    continue
                busy.remove(worker)
                idle.append(worker)
                yield ending
        finally:
            for worker in (*busy, *idle):
                worker.dismiss()


class _Worker:
    """A process, the line to it, and what it is making."""

    def __init__(self) -> None:
        self._hire()

    def _hire(self) -> None:
        self.line, theirs = cast("tuple[Connection, Connection]", SPAWN.Pipe())
        self.process = SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
        with _one_thread():
            self.process.start()
        theirs.close()

    def ask(self, order: Order) -> None:
        """Sets it to the next run."""
        self.order, self.deaths = order, 0
        self._send()

    def _send(self) -> None:
        with contextlib.suppress(ConnectionError):  # of one that has just died, the line tells
            self.line.send(self.order)

    def ending(self) -> Ending | None:
        """How its run ended; None if the process died and another goes on with the run."""
        try:
            return self.line.recv()
        except (EOFError, ConnectionError):
            self.deaths += 1
        self.dismiss()
        self._hire()
        if self.deaths == TRIES:
            return given_up(self.order)
        self._send()
        return None

    def dismiss(self) -> None:
        """Ends the process; a training under way stops between two steps, with its checkpoint saved."""
        self.line.close()
        self.process.terminate()
        self.process.join()


@contextlib.contextmanager
def _one_thread() -> Generator[None]:
    """What is begun inside takes one thread, also where libraries look for their number of threads but once, as they are loaded."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before


def _serve(line: Connection) -> None:
    """Makes what comes along the line until it is closed; goes at once when the process that asked is gone."""
    os.setsid()  # the Ctrl-C of a terminal is for whoever asked, who then says so once
    threading.Thread(target=_follow, daemon=True).start()
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            line.send(made(line.recv()))


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
