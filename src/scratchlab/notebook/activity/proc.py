"""The processes of this machine, read from /proc."""

from __future__ import annotations

import os
import socket
import stat as modes
import time
from functools import cache
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.activity.processes import Link, Process, Snapshot, known_only, stat

_NAMED = (b"CUDA_VISIBLE_DEVICES=", b"SLURM_JOB_ID=")


def look() -> Snapshot:
    """A snapshot of this user's processes, without kernel threads. Raises Problem if there is no /proc."""
    try:
        numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 (names alone, and fast)
    except FileNotFoundError:
        numbers = []
    if not numbers:
        raise Problem("processes are read from /proc, which does not exist on this machine; a Linux host can be watched from here over SSH")
    now, since_boot = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
    found = (_process(number, now - since_boot) for number in numbers)
    processes = {process.pid: process for process in found if process is not None}
    return Snapshot(host(), now, processes, opened, grown)


def host() -> str:
    """The host name of this machine, without its domain."""
    return socket.gethostname().partition(".")[0]


@cache
def _boot() -> str:
    """An identifier of the current boot."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except OSError:
        return "unknown"


@cache
def _ticks() -> float:
    return float(os.sysconf("SC_CLK_TCK"))


def _process(number: int, booted: float) -> Process | None:
    """A process of this user; None if it belongs to another user or the kernel, or has ended."""
    folder = f"/proc/{number}"
    try:
        if os.stat(folder).st_uid != os.getuid():  # noqa: PTH116 (done for every process)
            return None
        argv = _read(f"{folder}/cmdline")
        status = stat(_read(f"{folder}/stat").decode(errors="replace"), _ticks())
    except OSError:
        return None
    if not argv or status is None:
        return None
    words = tuple(word.decode(errors="replace") for word in argv.rstrip(b"\0").split(b"\0"))
    devices, slurm = _environment(folder)
    links = {number: target for number in (0, 1, 2) if (target := _link(f"{folder}/fd/{number}"))}
    birth = f"{_boot()}-{status.ticks}"
    cwd = _link(f"{folder}/cwd")
    start = booted + status.since_boot
    return Process(number, status.parent, status.group, status.session, birth, start, words, cwd, status.cpu, links, devices, slurm)


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return file.read()


def _link(path: str) -> str:
    try:
        return os.readlink(path).encode(errors="surrogateescape").decode(errors="replace")  # noqa: PTH115
    except OSError:
        return ""


def _environment(folder: str) -> tuple[str, str]:
    """CUDA_VISIBLE_DEVICES and SLURM_JOB_ID; all other variables are dropped."""
    try:
        words = _read(f"{folder}/environ").split(b"\0")
    except OSError:
        return "", ""
    pairs = (word.decode(errors="replace").partition("=") for word in words if word.startswith(_NAMED))
    return known_only({name: value for name, _, value in pairs})


def opened(number: int) -> tuple[Link, ...]:
    """The open files of a process, without the three standard streams."""
    links: list[Link] = []
    try:
        names = sorted(int(name) for name in os.listdir(f"/proc/{number}/fd"))  # noqa: PTH208
    except OSError:
        return ()
    for name in names:
        place = f"/proc/{number}/fd/{name}"
        if name > 2 and (target := _link(place)):
            try:
                links.append(Link(target, bool(os.lstat(place).st_mode & modes.S_IWUSR)))
            except OSError:
                continue
    return tuple(links)


def grown(path: str, since: float) -> bool:
    """Whether the file is not empty and was written since."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return False
    return status.st_size > 0 and status.st_mtime >= since - 1
