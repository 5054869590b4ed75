"""What is known of a machine's processes at one moment, be it read here from /proc or sent by another host."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_DEVICES = re.compile(r"[\w,.:/-]{1,100}")


@dataclass(frozen=True)
class Link:
    """An open file of a process.

    target: as the kernel names it: a path, `pipe:[17]`, `socket:[4]`, `/dev/pts/3`.
    written: whether it is open for writing.
    """

    target: str
    written: bool


@dataclass(frozen=True)
class Process:
    """One process of the user's. Its command line may hold secrets: it is never written as it stands here.

    birth: of the boot and the kernel's ticks since; with the host and the pid it tells a process from all that ever were.
    start: seconds since 1970, by the clock of the machine that looks.
    cpu: seconds it burnt, with those of children that it waited for.
    links: its standard input, output and errors, by number.
    devices, slurm: CUDA_VISIBLE_DEVICES and SLURM_JOB_ID of its environment; of the rest nothing is kept.
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
        """What tells it from all others of its host."""
        return self.pid, self.birth


@dataclass(frozen=True)
class Gpu:
    """A graphics card.

    busy: the share of the last moments in which it worked; None if it does not say.
    pids: who computes on it, by the numbers of the host, which are not those within a container.
    """

    index: int
    name: str
    busy: float | None
    pids: tuple[int, ...]


@dataclass(frozen=True)
class Snapshot:
    """A machine's processes of one user.

    taken: seconds since 1970, by the clock of the machine that looks.
    opened: the files that a process has open beside the standard three.
    grown: whether a file was written since a time.
    roots: of a working folder, the root of its repository ("" if it lies in none) and the commit, where the host told them itself;
        elsewhere they are looked up.
    tails: the end of what a process writes to, where the host told it.
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
    """What a line of /proc/PID/stat tells; times in seconds."""

    pid: int
    parent: int
    group: int
    session: int
    cpu: float
    ticks: int
    since_boot: float


def stat(line: str, ticks_a_second: float) -> Stat | None:
    """The line, read (proc(5)); None if it is none. The name in it, which may hold anything, is skipped.

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
    """CUDA_VISIBLE_DEVICES and SLURM_JOB_ID, each "" unless it looks like one."""
    devices, slurm = environment.get("CUDA_VISIBLE_DEVICES", ""), environment.get("SLURM_JOB_ID", "")
    return (devices if _DEVICES.fullmatch(devices) else "", slurm if re.fullmatch(r"\d{1,12}(_\d+)?", slurm) else "")
