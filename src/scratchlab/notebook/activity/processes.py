"""A snapshot of a machine's processes, read from /proc or sent by another host."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_DEVICES = re.compile(r"[\w,.:/-]{1,100}")


@dataclass(frozen=True)
class Link:
    """An open file of a process.

    target: the kernel's name: a path, `pipe:[17]`, `socket:[4]`, `/dev/pts/3`.
    written: whether it is open for writing.
    """

    target: str
    written: bool


@dataclass(frozen=True)
class Process:
    """A process of the user. Its command line may contain secrets and is never written unredacted.

    birth: boot identifier and start time in ticks; unique together with host and pid.
    start: seconds since 1970, by the clock of the scanning machine.
    cpu: seconds of CPU, including those of waited-for children.
    links: targets of standard input, output and error, by number.
    devices, slurm: its CUDA_VISIBLE_DEVICES and SLURM_JOB_ID; no other variables are kept.
    """

    pid: int
    parent: int
    group: int
    session: int
    birth: str
    start: float
    argv: tuple[str, ...]
    cwd: str
    cpu: float
    links: Mapping[int, str]
    devices: str = ""
    slurm: str = ""

    @property
    def key(self) -> tuple[int, str]:
        """Its unique key on its host."""
        return self.pid, self.birth


@dataclass(frozen=True)
class Gpu:
    """A GPU.

    busy: its current utilization, 0 to 1; None if unknown.
    pids: the processes that use it, by the host's pids, which differ from those within a container.
    """

    index: int
    name: str
    busy: float | None
    pids: tuple[int, ...]


@dataclass(frozen=True)
class Snapshot:
    """The processes of one user on a machine.

    taken: seconds since 1970, by the clock of the scanning machine.
    opened: function that returns a process's open files, without the standard streams.
    grown: function that tells whether a file was written since a time.
    roots: by working folder, the root of its repository ("" if none) and the commit, as reported by another host; None for this machine,
        where they are looked up.
    tails: the end of each process's output, as reported by another host.
    """

    host: str
    taken: float
    processes: Mapping[int, Process]
    opened: Callable[[int], tuple[Link, ...]]
    grown: Callable[[str, float], bool]
    gpus: tuple[Gpu, ...] = ()
    roots: Mapping[str, tuple[str, str]] | None = None
    tails: Mapping[int, str] = field(default_factory=dict[int, str])


@dataclass(frozen=True)
class Stat:
    """The fields of /proc/PID/stat; times in seconds."""

    pid: int
    parent: int
    group: int
    session: int
    cpu: float
    ticks: int
    since_boot: float


def stat(line: str, ticks_a_second: float) -> Stat | None:
    """Parses a line of /proc/PID/stat (proc(5)); None if invalid. The process name, which may contain anything, is skipped.

    >>> stat("7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 150 50 20 0 20 0 1 0 900 0", 100)
    Stat(pid=7, parent=1, group=7, session=7, cpu=2.2, ticks=900, since_boot=9.0)
    """
    pid, _, rest = line.partition(" (")
    fields = rest[rest.rfind(")") + 1 :].split()
    try:
        own = sum(int(fields[at]) for at in range(11, 15))  # utime, stime, cutime, cstime
        born = int(fields[19])
        return Stat(int(pid), int(fields[1]), int(fields[2]), int(fields[3]), own / ticks_a_second, born, born / ticks_a_second)
    except (ValueError, IndexError):
        return None


def known_only(environment: Mapping[str, str]) -> tuple[str, str]:
    """CUDA_VISIBLE_DEVICES and SLURM_JOB_ID; "" for values that are not of the expected form."""
    devices, slurm = environment.get("CUDA_VISIBLE_DEVICES", ""), environment.get("SLURM_JOB_ID", "")
    return (devices if _DEVICES.fullmatch(devices) else "", slurm if re.fullmatch(r"\d{1,12}(_\d+)?", slurm) else "")
