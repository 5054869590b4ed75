"""Worker processes on this machine, each running one job after another on one thread."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Generator, Iterable
from multiprocessing.connection import Connection, wait
from typing import cast

from scratchlab.sweeps.engines.interface import TRIES, given_up
from scratchlab.sweeps.work import Job, JobResult, run_job

SPAWN = multiprocessing.get_context("spawn")  # a forked process would inherit locks that threads hold


class Local:
    """`workers` processes, 0 for one per CPU core; each runs many jobs, because loading the libraries may take longer than a run."""

    def __init__(self, workers: int) -> None:
        self.workers = workers or os.cpu_count() or 1

    def execute(self, jobs: Iterable[Job]) -> Generator[JobResult]:
        """Runs every job once and yields the results as jobs end."""
        remaining, busy, idle = iter(jobs), list[_Worker](), list[_Worker]()
        try:
            while True:
                while len(busy) < self.workers and (job := next(remaining, None)) is not None:
                    busy.append(idle.pop() if idle else _Worker())
                    busy[-1].assign(job)
                if not busy:
                    return
                connection, *_ = wait([worker.connection for worker in busy])
                worker = next(worker for worker in busy if worker.connection is connection)
                if (result := worker.result()) is None:
                    continue
                busy.remove(worker)
                idle.append(worker)
                yield result
        finally:
            for worker in (*busy, *idle):
                worker.stop()


class _Worker:
    """A process, the connection to it, and its current job."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.connection, remote = cast("tuple[Connection, Connection]", SPAWN.Pipe())
        self.process = SPAWN.Process(target=_serve, args=(remote,), daemon=True)
        with _one_thread():
            self.process.start()
        remote.close()

    def assign(self, job: Job) -> None:
        """Sends it the next job."""
        self.job, self.deaths = job, 0
        self._send()

    def _send(self) -> None:
        with contextlib.suppress(ConnectionError):  # if the process has just died, `result` notices
            self.connection.send(self.job)

    def result(self) -> JobResult | None:
        """The result of its job; None if the process died and another one resumes the run."""
        try:
            return self.connection.recv()
        except (EOFError, ConnectionError):
            self.deaths += 1
        self.stop()
        self._start()
        if self.deaths == TRIES:
            return given_up(self.job)
        self._send()
        return None

    def stop(self) -> None:
        """Ends the process; a training in progress stops between two steps, with its checkpoint saved."""
        self.connection.close()
        self.process.terminate()
        self.process.join()


@contextlib.contextmanager
def _one_thread() -> Generator[None]:
    """Processes started within use one thread, also for libraries that read the number of threads only when they are loaded."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before


def _serve(connection: Connection) -> None:
    """Runs the jobs received over the connection until it is closed; exits at once when the parent process is gone."""
    os.setsid()  # the terminal's Ctrl-C reaches only the parent, which prints one message
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            connection.send(run_job(connection.recv()))


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
