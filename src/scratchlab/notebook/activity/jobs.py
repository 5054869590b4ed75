"""Groups processes into jobs: a process started by the user, with all its descendants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scratchlab.notebook.activity.output import Output, output
from scratchlab.notebook.activity.processes import Process, Snapshot
from scratchlab.notebook.activity.programs import begins_anew, is_no_job

LIVED = 5.0
BURNT = 1.0
"""Minimum age, or CPU time, in seconds of a job to be recorded."""

Key = tuple[int, str]


@dataclass(frozen=True)
class Job:
    """One job.

    key: key of its first process, which may have ended while others continue.
    members: its processes, the root process first.
    gpus: indices of the GPUs that it uses.
    """

    key: Key
    members: tuple[Process, ...]
    output: Output
    gpus: tuple[int, ...]

    @property
    def root(self) -> Process:
        """Its root process."""
        return self.members[0]

    @property
    def cpu(self) -> float:
        """Seconds of CPU of all its processes."""
        return sum(process.cpu for process in self.members)


def jobs(snapshot: Snapshot, *, leave: int = 0, before: Mapping[Key, Key] | None = None) -> list[Job]:
    """The jobs in a snapshot, the oldest first.

    leave: pid of the scanning process, which is left out with its descendants.
    before: job keys of the processes seen earlier, so that a job keeps its identity when its first process ends.
    """
    before = before or {}
    root_of = _roots(snapshot, leave)
    _join_pipelines(root_of, snapshot)
    members: dict[Key, list[Process]] = {}
    for pid, root_pid in root_of.items():
        if root_pid is not None:
            root = snapshot.processes[root_pid].key
            members.setdefault(before.get(root, root), []).append(snapshot.processes[pid])
    found: list[Job] = []
    for key, processes in members.items():
        ordered = tuple(sorted(processes, key=lambda process: (process.key != key, process.pid != root_of[process.pid], process.start)))
        if snapshot.taken - ordered[0].start >= LIVED or sum(process.cpu for process in ordered) >= BURNT:
            pids = {process.pid for process in ordered}
            found.append(Job(key, ordered, output(ordered, snapshot), tuple(gpu.index for gpu in snapshot.gpus if pids & set(gpu.pids))))
    return sorted(found, key=lambda job: job.root.start)


def _roots(snapshot: Snapshot, leave: int) -> dict[int, int | None]:
    """For each pid, the pid of its job's root process; None if it belongs to no job."""
    root_of: dict[int, int | None] = {}
    for start in snapshot.processes:
        line: list[int] = []  # ancestors, up to a known one
        at: int | None = start
        while at in snapshot.processes and at not in root_of and at not in line:
            line.append(at)
            at = snapshot.processes[at].parent
        for pid in reversed(line):
            process = snapshot.processes[pid]
            above = root_of.get(process.parent)
            if pid == leave or (above == leave and leave):
                root_of[pid] = leave
            elif above is not None and not begins_anew(process):
                root_of[pid] = above
            else:
                root_of[pid] = None if is_no_job(process) else pid
    return {pid: root for pid, root in root_of.items() if root != leave or not leave}


def _join_pipelines(root_of: dict[int, int | None], snapshot: Snapshot) -> None:
    """Joins pipelines: a process that reads a job's output belongs to it if it has the same parent and process group."""
    writes = {
        link: pid
        for pid, root in root_of.items()
        if root is not None
        for number in (1, 2)
        if (link := snapshot.processes[pid].links.get(number, "")).startswith("pipe:")
    }
    for pid, root in list(root_of.items()):
        process = snapshot.processes[pid]
        writer = writes.get(process.links.get(0, ""))
        if root != pid or writer is None or root_of[writer] == pid:
            continue
        first = root_of[writer]
        assert first is not None
        beside = snapshot.processes[first]
        if (beside.parent, beside.group) == (process.parent, process.group):
            root_of.update({member: first for member, its_root in root_of.items() if its_root == pid})
