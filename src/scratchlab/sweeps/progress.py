"""Progress of many runs: a bar in a terminal, occasional lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from scratchlab.checks import Problem
from scratchlab.store.run import Run
from scratchlab.sweeps.engines.interface import Engine
from scratchlab.sweeps.sweep import Sweep
from scratchlab.sweeps.work import OVER, Job, JobResult, state

SECONDS = 10.0  # between two writes of the table
LINES = 20  # printed at most where there is no terminal


def run_jobs(
    jobs: Iterable[Job],
    engine: Engine,
    console: Console,
    *,
    total: int,
    existing: int = 0,
    save: Callable[[], None] = lambda: None,
) -> list[JobResult]:
    """Executes the jobs and returns the results of those that neither finished nor diverged.

    total: number of runs, of which `existing` are over already. save: called from time to time, to write a table of the runs.
    """
    done, saved_at = existing, time.monotonic()
    failed: list[JobResult] = []
    counts = Counter[str]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars, contextlib.closing(engine.execute(jobs)) as results:
        task = bars.add_task("runs", total=total, completed=done)
        for result in results:
            counts[result.state] += 1
            done += 1
            failed += [result] if result.state not in OVER else []
            summary = ", ".join(f"{number} {state}" for state, number in counts.items())
            bars.update(task, completed=done, description=summary)
            if not console.is_terminal and (done % max(1, total // LINES) == 0 or done == total):
                console.print(f"{done} of {total} runs; of those executed now, {summary}")
            if time.monotonic() - saved_at > SECONDS:
                save()
                saved_at = time.monotonic()
    return failed


def complete(sweep: Sweep, engine: Engine, console: Console) -> list[JobResult]:
    """Executes the missing runs of a sweep and writes its table, also when interrupted; returns the runs that failed."""
    sweep.write()  # raises Problem before any run if the folder cannot be written
    existing = sum(state in OVER for state in sweep.states())
    try:
        return run_jobs(sweep.pending(), engine, console, total=sweep.total, existing=existing, save=sweep.write)
    finally:
        sweep.write()


def finished_runs(jobs: Sequence[Job], engine: Engine, console: Console) -> list[Run]:
    """The finished runs of these jobs, in their order; missing ones are executed. Two jobs may be the same run.

    Raises Problem with the error message of a run that failed or diverged.
    """
    missing = {job.run.folder: job for job in jobs if state(job) not in OVER}
    messages = {result.job.run.folder: result.message for result in run_jobs(missing.values(), engine, console, total=len(missing))}
    for job in jobs:
        if (current := state(job)) != "finished":
            raise Problem(f"{job.run.folder} is {current}: {messages.get(job.run.folder) or job.run.status['where']}")
    return [job.run for job in jobs]
