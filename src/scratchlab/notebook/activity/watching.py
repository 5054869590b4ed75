"""The watcher: looks, notes what began and what ended, waits, and looks again."""

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
from scratchlab.notebook.activity.intervals import Interval, Seen
from scratchlab.notebook.activity.jobs import Key, jobs
from scratchlab.notebook.activity.ledger import Ledger, Noted
from scratchlab.notebook.activity.noted import gpu_shares, noted
from scratchlab.notebook.activity.processes import Snapshot

FILE, LOCK = "activity.sqlite", "activity.lock"
SCHEDULER = "slurm"
_DAY = 86400.0  # what a scheduler is asked for: jobs may have come and gone while no one watched


@dataclass(frozen=True)
class Found:
    """What one look changed.

    began, ended: intervals. running: how many go on. unreached: by host, the sentence why it could not be looked at.
    answered: the other machines that it heard from, be it with such a sentence.
    """

    began: list[Interval]
    ended: list[Interval]
    running: int
    unreached: dict[str, str]
    answered: tuple[str, ...] = ()


class Elsewhere(Protocol):
    """Other machines, looked at together; each answers with what runs there, or with a sentence why not."""

    def ask(self) -> Future[dict[str, Snapshot | str]]:
        """By host, in time."""
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
        """One look at all there is, which waits for the other machines."""
        answers = self._elsewhere.ask().result() if self._elsewhere is not None else {}
        return self._found(answers)

    def scans(self) -> Iterator[Found]:
        """Looks and waits in turn. Other machines are asked meanwhile: a slow one keeps nothing here from being seen in time."""
        asked = self._elsewhere.ask() if self._elsewhere is not None else None
        while True:
            answers: dict[str, Snapshot | str] = {}
            if self._elsewhere is not None and asked is not None and asked.done():
                answers = asked.result()
                asked = self._elsewhere.ask()
            yield self._found(answers)
            self._exits.wait(self.every)

    def _found(self, answers: dict[str, Snapshot | str]) -> Found:
        """Notes what is here, what other machines answered and what the scheduler tells."""
        here = replace(proc.look(), gpus=gpu.cards())
        parts = [self._noted(here, here=True), *(self._noted(one, here=False) for one in answers.values() if not isinstance(one, str))]
        unreached = {host: answer for host, answer in answers.items() if isinstance(answer, str)}
        if self._scheduler is not None:
            told = self._scheduler(here.taken - _DAY)
            if isinstance(told, str):
                unreached[SCHEDULER] = told
            else:
                parts.append(self._ledger.note(told[0], here.taken, told[1], self.every, {}, here=False))
        return Found(
            [one for part in parts for one in part.began],
            [one for part in parts for one in part.ended],
            sum(part.running for part in parts),
            unreached,
            tuple(answers),
        )

    def _noted(self, snapshot: Snapshot, *, here: bool) -> Noted:
        host = snapshot.host
        found = jobs(snapshot, leave=os.getpid() if here else 0, before=self._members.get(host))
        self._members[host] = {process.key: job.key for job in found for process in job.members}
        known, seconds = self._ledger.running(host), self._since_last(snapshot)
        shares = gpu_shares(found, snapshot)
        seen = [noted(job, snapshot, new=job.key not in known, gpu=shares[job.key] * seconds) for job in found]
        exits = self._exits.found() if here else {}
        changed = self._ledger.note(host, snapshot.taken, seen, self.every, exits, here=here)
        if here:
            self._exits.follow(job.key for job in found)
        return changed

    def _since_last(self, snapshot: Snapshot) -> float:
        """Seconds since the host was last looked at; 0 if it was not, or too long ago to say what its cards did."""
        passed = snapshot.taken - self._last.get(snapshot.host, snapshot.taken)
        self._last[snapshot.host] = snapshot.taken
        return passed if 0 < passed <= 2.5 * self.every + 5 else 0.0
