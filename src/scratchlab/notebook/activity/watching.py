"""The watcher: scans periodically and records which jobs began and ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from scratchlab.notebook.activity import gpu, proc
from scratchlab.notebook.activity.exits import Exits
from scratchlab.notebook.activity.intervals import Interval, JobRecord
from scratchlab.notebook.activity.jobs import Key, jobs
from scratchlab.notebook.activity.ledger import Ledger, LedgerChanges
from scratchlab.notebook.activity.processes import Snapshot
from scratchlab.notebook.activity.records import gpu_usage, job_record

FILE, LOCK = "activity.sqlite", "activity.lock"
SCHEDULER = "slurm"
_DAY = 86400.0  # how far back a scheduler is queried, for jobs that ran while not watched


@dataclass(frozen=True)
class ScanChanges:
    """The changes found by one scan.

    began, ended: intervals. running: number of running jobs. unreached: by host, the reason why it could not be scanned.
    answered: the other hosts with a result, successful or not.
    """

    began: list[Interval]
    ended: list[Interval]
    running: int
    unreached: dict[str, str]
    answered: tuple[str, ...] = ()


class RemoteHosts(Protocol):
    """Other machines, scanned together."""

    def query(self) -> Future[dict[str, Snapshot | str]]:
        """Starts a scan; its result is, by host, a snapshot or an error message."""
        ...

    def close(self) -> None:
        """Closes the connections."""
        ...


class Scheduler(Protocol):
    """A scheduler with its own accounting."""

    def __call__(self, since: float) -> tuple[str, list[JobRecord]] | str:
        """Its host name and its jobs since then, or an error message."""
        ...


class Watcher(AbstractContextManager["Watcher"]):
    """Scans this machine, and others if given. Only one watcher may write to a folder (`lock.exclusive`)."""

    def __init__(self, folder: Path, every: float, remote: RemoteHosts | None = None, scheduler: Scheduler | None = None) -> None:
        self.every = every
        self._ledger = Ledger(folder / FILE)
        self._remote, self._scheduler = remote, scheduler
        self._exits = Exits()
        self._members: dict[str, dict[Key, Key]] = {}
        self._last: dict[str, float] = {}

    def __exit__(self, *_: object) -> None:
        self._exits.close()
        self._ledger.close()
        if self._remote is not None:
            self._remote.close()

    def scan(self) -> ScanChanges:
        """One scan of all machines; waits for the others."""
        answers = self._remote.query().result() if self._remote is not None else {}
        return self._record_all(answers)

    def scans(self) -> Iterator[ScanChanges]:
        """Scans and waits in turn, forever. Other machines are queried in the background, so that slow ones do not delay the local scan."""
        pending = self._remote.query() if self._remote is not None else None
        while True:
            answers: dict[str, Snapshot | str] = {}
            if self._remote is not None and pending is not None and pending.done():
                answers = pending.result()
                pending = self._remote.query()
            yield self._record_all(answers)
            self._exits.wait(self.every)

    def _record_all(self, answers: dict[str, Snapshot | str]) -> ScanChanges:
        """Records the local scan, the answers of other machines and the scheduler's jobs."""
        here = replace(proc.look(), gpus=gpu.cards())
        parts = [
            self._record(here, here=True),
            *(self._record(answer, here=False) for answer in answers.values() if not isinstance(answer, str)),
        ]
        unreached = {host: answer for host, answer in answers.items() if isinstance(answer, str)}
        if self._scheduler is not None:
            scheduled = self._scheduler(here.taken - _DAY)
            if isinstance(scheduled, str):
                unreached[SCHEDULER] = scheduled
            else:
                parts.append(self._ledger.record(scheduled[0], here.taken, scheduled[1], self.every, {}, here=False))
        return ScanChanges(
            [interval for part in parts for interval in part.began],
            [interval for part in parts for interval in part.ended],
            sum(part.running for part in parts),
            unreached,
            tuple(answers),
        )

    def _record(self, snapshot: Snapshot, *, here: bool) -> LedgerChanges:
        host = snapshot.host
        found = jobs(snapshot, leave=os.getpid() if here else 0, before=self._members.get(host))
        self._members[host] = {process.key: job.key for job in found for process in job.members}
        known, seconds = self._ledger.running(host), self._since_last(snapshot)
        usage = gpu_usage(found, snapshot)
        records = [job_record(job, snapshot, new=job.key not in known, gpu=usage[job.key] * seconds) for job in found]
        exits = self._exits.ended() if here else {}
        changed = self._ledger.record(host, snapshot.taken, records, self.every, exits, here=here)
        if here:
            self._exits.follow(job.key for job in found)
        return changed

    def _since_last(self, snapshot: Snapshot) -> float:
        """Seconds since the last scan of the host; 0 if there was none, or too long ago to attribute GPU time."""
        passed = snapshot.taken - self._last.get(snapshot.host, snapshot.taken)
        self._last[snapshot.host] = snapshot.taken
        return passed if 0 < passed <= 2.5 * self.every + 5 else 0.0
