"""When and how processes end, as reported by the kernel immediately, although they are not child processes.

A process's descriptor (pidfd, Linux 5.3) becomes readable when it ends; since Linux 6.15 it provides the exit status of any process of the
same user (PIDFD_GET_INFO with PIDFD_INFO_EXIT, include/uapi/linux/pidfd.h). With older kernels the status, or also the time, is unknown.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scratchlab.notebook.activity.jobs import Key

_GET_INFO = 3 << 30 | 64 << 16 | 0xFF << 8 | 11  # _IOWR(0xFF, 11, struct pidfd_info), the first published size of it
_EXIT = 1 << 3
_LAYOUT = "=QQ11Ii"  # mask, cgroup, eleven numbers of the process and its user, exit status


@dataclass(frozen=True)
class Exit:
    """The end of a process; when: seconds since 1970; status: as from wait(2), None if unknown."""

    when: float
    status: int | None


class Exits:
    """Follows processes until they end."""

    def __init__(self) -> None:
        self._open: dict[Key, int] = {}
        self._over: dict[Key, float] = {}
        self._poll = select.poll()

    def follow(self, keys: Iterable[Key]) -> None:
        """Follows these processes from now on, and no others."""
        keys = set(keys)
        for key in self._open.keys() - keys:
            self._drop(key)
        for key in keys - self._open.keys():
            try:
                self._open[key] = os.pidfd_open(key[0])
            except (OSError, AttributeError):  # ended, or the kernel has no pidfd
                continue
            self._poll.register(self._open[key], select.POLLIN)

    def wait(self, seconds: float) -> None:
        """Sleeps, and records the times of processes that end meanwhile."""
        until = time.monotonic() + seconds
        while (remaining := until - time.monotonic()) > 0:
            self._look(remaining)
        self._look(0)

    def ended(self) -> dict[Key, Exit]:
        """The processes that have ended; their status may only become known once their parent has waited for them."""
        self._look(0)
        return {key: Exit(when, _exit_status(self._open[key], key[0])) for key, when in self._over.items()}

    def close(self) -> None:
        """Stops following."""
        self.follow(())

    def _look(self, seconds: float) -> None:
        ready = {descriptor for descriptor, _ in self._poll.poll(seconds * 1000)}
        for key, descriptor in self._open.items():
            if descriptor in ready:
                self._over[key] = time.time()
                self._poll.unregister(descriptor)

    def _drop(self, key: Key) -> None:
        descriptor = self._open.pop(key)
        if self._over.pop(key, None) is None:
            self._poll.unregister(descriptor)
        os.close(descriptor)


def _exit_status(descriptor: int, pid: int) -> int | None:
    status = _status(descriptor)
    return _zombie_status(pid) if status is None else status


def _status(descriptor: int) -> int | None:
    request = bytearray(struct.pack(_LAYOUT, _EXIT, *[0] * 13))
    try:
        fcntl.ioctl(descriptor, _GET_INFO, request)
    except OSError:
        return None
    mask, *_, status = struct.unpack(_LAYOUT, request)
    return status if mask & _EXIT else None


def _zombie_status(pid: int) -> int | None:
    """The exit status of a zombie, whose parent has not waited for it yet: the last field of /proc/PID/stat."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[-1]) if fields[0] == "Z" else None
