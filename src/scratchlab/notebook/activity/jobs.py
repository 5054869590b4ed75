"""Processes folded into jobs: what a person started, with all that it started in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scratchlab.notebook.activity.output import Output, output
from scratchlab.notebook.activity.processes import Process, Snapshot
from scratchlab.notebook.activity.programs import begins_anew, is_no_job

LIVED = 5.0
BURNT = 1.0
"""Seconds that a job must have lived, or of CPU that it must have burnt, to be worth noting."""

Key = tuple[int, str]


@dataclass(frozen=True)
class Job:
    """One job.

    key: of the process that it began with, which may be gone while others of it go on.
    members: its processes, the one that started the others first.
    gpus: the cards that it computes on, by number.
    """

    key: Key
    members: tuple[Process, ...]
    output: Output
    gpus: tuple[int, ...]

    @property
    def root(self) -> Process:
        """The process that speaks for it."""
        return self.members[0]

    @property
    def cpu(self) -> float:
        """Seconds of CPU of all of them."""
        return sum(process.cpu for process in self.members)


def jobs(snapshot: Snapshot, *, leave: int = 0, before: Mapping[Key, Key] | None = None) -> list[Job]:
    """The jobs that are worth noting, the oldest first.

    leave: the process that looks, left out with all it started.
    before: of processes seen earlier, the job that each belonged to; one that outlives the process it began with goes on as the same job.
    """
    before = before or {}
    owners = _owners(snapshot, leave)
    _join_pipelines(owners, snapshot)
    members: dict[Key, list[Process]] = {}
    for pid, owner in owners.items():
        if owner is not None:
            root = snapshot.processes[owner].key
            members.setdefault(before.get(root, root), []).append(snapshot.processes[pid])
    found: list[Job] = []
    for key, several in members.items():
        ordered = tuple(sorted(several, key=lambda process: (process.key != key, process.pid != owners[process.pid], process.start)))
        if snapshot.taken - ordered[0].start >= LIVED or sum(process.cpu for process in ordered) >= BURNT:
            pids = {process.pid for process in ordered}
            found.append(Job(key, ordered, output(ordered, snapshot), tuple(gpu.index for gpu in snapshot.gpus if pids & set(gpu.pids))))
    return sorted(found, key=lambda job: job.root.start)


def _owners(snapshot: Snapshot, leave: int) -> dict[int, int | None]:
    """By pid, the pid of the process that its job began with; None if it belongs to none."""
    owners: dict[int, int | None] = {}
    for start in snapshot.processes:
        line: list[int] = []  # upward, until something known
        at: int | None = start
        while at in snapshot.processes and at not in owners and at not in line:
            line.append(at)
            at = snapshot.processes[at].parent
        for pid in reversed(line):
            process = snapshot.processes[pid]
            above = owners.get(process.parent)
            if pid == leave or (above == leave and leave):
                owners[pid] = leave
            elif above is not None and not begins_anew(process):
                owners[pid] = above
            else:
                owners[pid] = None if is_no_job(process) else pid
    return {pid: owner for pid, owner in owners.items() if owner != leave or not leave}


def _join_pipelines(owners: dict[int, int | None], snapshot: Snapshot) -> None:
    """What reads a job's output in one pipeline belongs to it: same parent, same process group, input from its output."""
    writes = {
        link: pid
        for pid, owner in owners.items()
        if owner is not None
        for number in (1, 2)
        if (link := snapshot.processes[pid].links.get(number, "")).startswith("pipe:")
    }
    for pid, owner in list(owners.items()):
        process = snapshot.processes[pid]
        writer = writes.get(process.links.get(0, ""))
        if owner != pid or writer is None or owners[writer] == pid:
            continue
        first = owners[writer]
        assert first is not None
        beside = snapshot.processes[first]
        if (beside.parent, beside.group) == (process.parent, process.group):
            owners.update({member: first for member, its in owners.items() if its == pid})
