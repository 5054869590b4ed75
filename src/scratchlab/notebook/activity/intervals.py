"""The records of jobs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JobRecord:
    """A job as found by one scan, with secrets redacted. Times are in seconds since 1970.

    birth: its identity, together with host and pid.
    cwd, project, folder: working folder, name of the project, root of the repository ("" outside of one).
    command: redacted.
    commit, dirty: of the repository when the job was first seen; "" and None if unknown.
    log, via: where it writes (`output.Output`).
    cpu, gpu: seconds of CPU in total, of GPU since the last scan.
    devices: the GPUs that it may use or uses, as `0,1`.
    parts: number of processes.
    state, end, how: its result, if a scheduler reports it.
    """

    host: str
    pid: int
    birth: str
    start: float
    cwd: str
    project: str
    folder: str
    command: str
    commit: str = ""
    dirty: bool | None = None
    log: str = ""
    via: str = ""
    cpu: float = 0.0
    gpu: float = 0.0
    devices: str = ""
    slurm: str = ""
    parts: int = 1
    state: str = "running"
    end: float | None = None
    how: str = ""


@dataclass(frozen=True)
class Interval(JobRecord):
    """A job over its lifetime.

    end: None while it runs; if it ended between two scans, the time at which it was last seen.
    state: `running`, or as in `JobResult`.
    gpu: total seconds of GPU.
    again: id of the previous interval with the same command and folder.
    """

    id: int = 0
    first_seen: float = 0.0
    last_seen: float = 0.0
    again: int | None = None

    @property
    def lasted(self) -> float:
        """Its duration in seconds, up to its end or to when it was last seen."""
        return max(0.0, (self.last_seen if self.end is None else self.end) - self.start)


@dataclass(frozen=True)
class WatchedPeriod:
    """A period in which a host was scanned without gaps."""

    host: str
    since: float
    until: float
