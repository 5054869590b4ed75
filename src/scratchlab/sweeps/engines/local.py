"""Processes on this machine, each of which makes one run after another, on one thread."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import cast

from scratchlab.sweeps.engines.interface import TRIES
from scratchlab.sweeps.work import Ending, Order, made


@dataclass
class Worker:
    """A process, the line to it, and what it is making."""

    process: SpawnProcess
    line: Connection
    order: Order


class Local:
    """`workers` processes; they are begun once for many runs, as loading takes longer than some runs do."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.context = multiprocessing.get_context("spawn")  # a fork would share what threads had locked

    def made(self, orders: Sequence[Order]) -> Iterator[Ending]:
        """Every order once, as they end."""
        left, tries = deque(orders), dict[int, int]()
        crew: list[Worker] = []
        try:
            while left and len(crew) < self.workers:
                crew.append(self._hired(left.popleft()))
            while crew:
                for line in wait([worker.line for worker in crew]):
                    worker = next(one for one in crew if one.line is line)
                    try:
                        yield worker.line.recv()
                        if left:
                            worker.order = left.popleft()
                            worker.line.send(worker.order)
                            continue
                        worker.line.close()  # which sends it home
                    except (EOFError, ConnectionError):
                        order, count = worker.order, tries.get(id(worker.order), 0) + 1
                        tries[id(order)] = count
                        if count < TRIES:
                            crew.append(self._hired(order))
                        else:
                            yield Ending(order, "failed", f"the process that made it died {count} times, without a word")
                            if left:
                                crew.append(self._hired(left.popleft()))
                    crew.remove(worker)
                    worker.process.join()
        finally:
            for worker in crew:
                worker.process.terminate()
                worker.process.join()

    def _hired(self, order: Order) -> Worker:
        ours, theirs = cast("tuple[Connection, Connection]", self.context.Pipe())
        process = self.context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        ours.send(order)
        return Worker(process, ours, order)


def _serve(line: Connection) -> None:
    """Makes what comes along the line until it is closed; goes at once when the process that asked is gone."""
    os.environ["OMP_NUM_THREADS"] = "1"
    threading.Thread(target=_follow, daemon=True).start()
    while True:
        try:
            line.send(made(line.recv()))
        except (EOFError, ConnectionError):
            return


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
