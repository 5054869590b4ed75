"""When followed processes end, and how: told by the kernel at once, though they are no children of ours.

A descriptor of a process (pidfd, Linux 5.3) becomes readable when it ends; since Linux 6.15 it can then be asked for the exit status of
any process of the same user (PIDFD_GET_INFO with PIDFD_INFO_EXIT, include/uapi/linux/pidfd.h). Older kernels leave the status unknown,
or the time as well; nothing else changes.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass

from scratchlab.notebook.activity.jobs import Key

_GET_INFO = 3 << 30 | 64 << 16 | 0xFF << 8 | 11  # _IOWR(0xFF, 11, struct pidfd_info), the first published size of it
_EXIT = 1 << 3
_LAYOUT = "=QQ11Ii"  # mask, cgroup, eleven numbers of the process and its user, exit status


@dataclass(frozen=True)
class Exit:
    """when: seconds since 1970. status: as wait(2) gives it; None if unknown."""

    when: float
    status: int | None


class Exits:
    """Follows processes until they end."""

    def __init__(self) -> None:
        self._open: dict[Key, int] = {}
        self._poll = select.poll()
        self.found: dict[Key, Exit] = {}

    def follow(self, keys: Iterable[Key]) -> None:
        """From now on these, and no others."""
        keys = set(keys)
        for key in self._open.keys() - keys:
            self._drop(key)
        self.found = {key: ended for key, ended in self.found.items() if key in keys}
        for key in keys - self._open.keys() - self.found.keys():
            try:
                self._open[key] = os.pidfd_open(key[0])
            except (OSError, AttributeError):  # gone, or a kernel that has no such thing
                continue
            self._poll.register(self._open[key], select.POLLIN)

    def wait(self, seconds: float) -> None:
        """Sleeps so long, and keeps in `found` what ended in the meantime."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            ready = {descriptor for descriptor, _ in self._poll.poll(left * 1000)}
            for key in [key for key, descriptor in self._open.items() if descriptor in ready]:
                self.found[key] = Exit(time.time(), _status(self._open[key]))
                self._drop(key)

    def close(self) -> None:
        """Follows no one any more."""
        for key in list(self._open):
            self._drop(key)

    def _drop(self, key: Key) -> None:
        descriptor = self._open.pop(key)
        self._poll.unregister(descriptor)
        os.close(descriptor)


def _status(descriptor: int) -> int | None:
    asked = bytearray(struct.pack(_LAYOUT, _EXIT, *[0] * 13))
    try:
        fcntl.ioctl(descriptor, _GET_INFO, asked)
    except OSError:
        return None
    mask, *_, status = struct.unpack(_LAYOUT, asked)
    return status if mask & _EXIT else None
