"""The interface of engines: they run jobs, several at a time, and return the result of each."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Protocol

from scratchlab.sweeps.work import Job, JobResult

TRIES = 3  # a run fails when its process has died this many times


def given_up(job: Job) -> JobResult:
    """The result of a job whose process died `TRIES` times."""
    return JobResult(job, "failed", f"its process died {TRIES} times without an error message")


class Engine(Protocol):
    """A way to run jobs in other processes or on other machines.

    Its constructor is given the number of jobs to run at a time, 0 for as many as possible; its keyword-only parameters are its settings.
    """

    def execute(self, jobs: Iterable[Job]) -> Generator[JobResult]:
        """Runs every job once and yields the results as jobs end. If a process dies, another resumes its run, up to `TRIES` times in all.

        A job is taken from the iterator only when there is capacity and the last result has been consumed, so it may depend on all earlier
        results; an iterator that is exhausted for now is tried again after the next result.
        All work ends when this generator is closed or this process ends. An engine with a queue of its own may continue without this
        process (`slurm` does); called again, it then finds the jobs that it submitted.
        """
        ...
