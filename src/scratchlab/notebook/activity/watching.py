"""The watcher: looks, notes what began and what ended, waits, and looks again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from scratchlab.notebook.activity import gpu, proc
from scratchlab.notebook.activity.exits import Exits
from scratchlab.notebook.activity.intervals import Interval, Seen
from scratchlab.notebook.activity.jobs import Key, jobs
from scratchlab.notebook.activity.ledger import Ledger
from scratchlab.notebook.activity.noted import gpu_shares, noted
from scratchlab.notebook.activity.processes import Snapshot

FILE, LOCK = "activity.sqlite", "activity.lock"


@dataclass(frozen=True)
class Found:
    """What one look changed.

    began, ended: intervals. running: how many go on. unreached: by host, the sentence why it could not be looked at.
    """

    began: tuple[Interval, ...]
    ended: tuple[Interval, ...]
    running: int
    unreached: dict[str, str]


class Elsewhere(Protocol):
    """Other machines, looked at together; each answers with what runs there, or with a sentence why not."""

    def look(self) -> dict[str, Snapshot | str]:
        """By host."""
        ...

    def close(self) -> None:
        """Hangs up."""
        ...


class Scheduled(Protocol):
    """A scheduler that keeps its own books."""

    def __call__(self, since: float) -> tuple[str, list[Seen]] | str:
        """What it calls itself and its jobs since then; or why it does not say."""
        ...


class Watcher(AbstractContextManager["Watcher"]):
    """Looks at this machine, and at others where they are given. Only one may write a folder (`lock.alone`)."""

    def __init__(self, kept: Path, every: float, elsewhere: Elsewhere | None = None, scheduler: Scheduled | None = None) -> None:
        self.every = every
        self._ledger = Ledger(kept / FILE)
        self._elsewhere, self._scheduler = elsewhere, scheduler
        self._exits = Exits()
        self._members: dict[str, dict[Key, Key]] = {}
        self._last: dict[str, float] = {}

    def __exit__(self, *_: object) -> None:
        self._exits.close()
        self._ledger.close()
        if self._elsewhere is not None:
            self._elsewhere.close()

    def scan(self) -> Found:
        """One look at all there is."""
        here = replace(proc.look(), gpus=gpu.cards())
        parts = [self._noted(here, here=True)]
        unreached: dict[str, str] = {}
        for host, answer in (self._elsewhere.look() if self._elsewhere is not None else {}).items():
            if isinstance(answer, str):
                unreached[host] = answer
            else:
                parts.append(self._noted(answer, here=False))
        if self._scheduler is not None:
            answer = self._scheduler(here.taken - 86400)
            if isinstance(answer, str):
                unreached["slurm"] = answer
            else:
                began, ended = self._ledger.note(answer[0], here.taken, answer[1], self.every, {}, here=False)
                parts.append((began, ended, sum(seen.state == "running" for seen in answer[1])))
        return Found(
            tuple(one for began, _, _ in parts for one in began),
            tuple(one for _, ended, _ in parts for one in ended),
            sum(running for _, _, running in parts),
            unreached,
        )

    def scans(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Found]:
        """Looks and waits in turn until told to stop."""
        while not stop():
            yield self.scan()
            self._exits.wait(self.every)

    def _noted(self, snapshot: Snapshot, *, here: bool) -> tuple[list[Interval], list[Interval], int]:
        host = snapshot.host
        found = jobs(snapshot, leave=os.getpid() if here else 0, before=self._members.get(host))
        self._members[host] = {process.key: job.key for job in found for process in job.members}
        known, seconds = self._ledger.running(host), self._since_last(snapshot)
        shares = gpu_shares(found, snapshot)
        seen = [noted(job, snapshot, new=job.key not in known, gpu=shares[job.key] * seconds) for job in found]
        exits = self._exits.found if here else {}
        began, ended = self._ledger.note(host, snapshot.taken, seen, self.every, exits, here=here)
        if here:
            self._exits.follow(job.key for job in found)
        return began, ended, len(found)

    def _since_last(self, snapshot: Snapshot) -> float:
        """Seconds since the host was last looked at; 0 if it was not, or too long ago to say what its cards did."""
        passed = snapshot.taken - self._last.get(snapshot.host, snapshot.taken)
        self._last[snapshot.host] = snapshot.taken
        return passed if 0 < passed <= 2.5 * self.every + 5 else 0.0
