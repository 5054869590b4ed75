"""What is kept of a job: one interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """A job as one look found it, redacted, as it may be written. Times in seconds since 1970.

    birth: with host and pid, its identity.
    cwd, project, folder: where it works; the name and the root of the repository ("" outside of one).
    command: redacted.
    commit, dirty: of the repository when it was first seen; "" and None if unknown.
    log, via: where it writes (`output.Output`).
    gpu: seconds of GPU since the last look.
    devices: the cards it may use or computes on, as `0,1`.
    parts: how many processes it was at once.
    state, end, how: what became of it, where a scheduler says so itself.
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
class Interval(Seen):
    """A job over the time that it was seen.

    end: None while it runs; of one that ended between two looks, the last time that it was seen.
    state: `running`, or as in `endings.Ending`.
    again: the earlier interval of the same command in the same folder.
    """

    id: int = 0
    first_seen: float = 0.0
    last_seen: float = 0.0
    again: int | None = None

    @property
    def lasted(self) -> float:
        """Seconds, up to now or the end."""
        return max(0.0, (self.last_seen if self.end is None else self.end) - self.start)


@dataclass(frozen=True)
class Watched:
    """A stretch of time in which a host was looked at without a gap."""

    host: str
    since: float
    until: float
