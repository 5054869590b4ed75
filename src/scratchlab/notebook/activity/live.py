"""The jobs running at this moment; nothing is recorded."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from scratchlab.notebook.activity import gpu, proc, redact
from scratchlab.notebook.activity.intervals import JobRecord
from scratchlab.notebook.activity.job_results import end, last_line
from scratchlab.notebook.activity.jobs import jobs
from scratchlab.notebook.activity.processes import Snapshot
from scratchlab.notebook.activity.records import job_record

_BUSY = 0.05  # minimum utilization at which a GPU without a known job is shown


@dataclass(frozen=True)
class RunningJob:
    """A running job.

    age: seconds since it began. last: last line of its output, redacted; "" if it cannot be read.
    busy: (index, utilization) of its GPUs.
    """

    record: JobRecord
    age: float
    last: str
    busy: tuple[tuple[int, float | None], ...]


@dataclass(frozen=True)
class HostJobs:
    """The running jobs of a host, the oldest first; unknown: (index, utilization) of busy GPUs that no known job uses."""

    host: str
    jobs: tuple[RunningJob, ...]
    unknown: tuple[tuple[int, float], ...]


def here() -> HostJobs:
    """The running jobs of this machine."""
    return now(replace(proc.look(), gpus=gpu.cards()), local=True)


def now(snapshot: Snapshot, *, local: bool = False) -> HostJobs:
    """The running jobs in a snapshot; local: whether logs are files of this machine."""
    found = jobs(snapshot, leave=os.getpid() if local else 0)
    busy = {card.index: card.busy for card in snapshot.gpus}
    running = tuple(
        RunningJob(
            job_record(job, snapshot),
            snapshot.taken - job.root.start,
            redact.text(last_line(end(job.output.path) if local else snapshot.tails.get(job.root.pid, ""))),
            tuple((index, busy[index]) for index in job.gpus),
        )
        for job in found
    )
    used = {index for job in found for index in job.gpus}
    unknown = tuple(
        (index, utilization)
        for index, utilization in busy.items()
        if index not in used and utilization is not None and utilization >= _BUSY
    )
    return HostJobs(snapshot.host, running, unknown)
