"""What runs at this moment, without a watcher and without a trace."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from scratchlab.notebook.activity import gpu, proc, redact
from scratchlab.notebook.activity.endings import end, last_line
from scratchlab.notebook.activity.intervals import Seen
from scratchlab.notebook.activity.jobs import jobs
from scratchlab.notebook.activity.noted import noted
from scratchlab.notebook.activity.processes import Snapshot

_BUSY = 0.05  # share of time in which a card works that is worth telling


@dataclass(frozen=True)
class Live:
    """A job that runs.

    age: seconds since it began. last: the last line of what it writes, redacted; "" if there is none to be read.
    busy: the shares of time in which its cards work, by card.
    """

    seen: Seen
    age: float
    last: str
    busy: tuple[tuple[int, float | None], ...]


@dataclass(frozen=True)
class Now:
    """What runs on a host, the oldest first; and what its cards do for someone who is not known."""

    host: str
    jobs: tuple[Live, ...]
    unknown: tuple[tuple[int, float], ...]


def here() -> Now:
    """On this machine."""
    return now(replace(proc.look(), gpus=gpu.cards()), local=True)


def now(snapshot: Snapshot, *, local: bool = False) -> Now:
    """On the host of the snapshot; `local`: logs are files of this machine."""
    found = jobs(snapshot, leave=os.getpid() if local else 0)
    busy = {card.index: card.busy for card in snapshot.gpus}
    live = tuple(
        Live(
            noted(job, snapshot),
            snapshot.taken - job.root.start,
            redact.text(last_line(end(job.output.path) if local else snapshot.tails.get(job.root.pid, ""))),
            tuple((index, busy[index]) for index in job.gpus),
        )
        for job in found
    )
    owned = {index for job in found for index in job.gpus}
    unknown = tuple((index, share) for index, share in busy.items() if index not in owned and share is not None and share >= _BUSY)
    return Now(snapshot.host, live, unknown)
