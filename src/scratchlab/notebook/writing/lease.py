"""Detects writers while a file is being replaced, by a read lease of the operating system.

Linux grants a read lease on a file that nobody has open for writing; a process that opens it for writing is blocked until the lease is
released, and the holder is notified: fcntl(2), "Leases". Where leases are not available (other systems, network file systems, files of
other users), writers are not blocked, and only the comparisons of the content right before and after remain.
"""

from __future__ import annotations

import errno
import fcntl
import signal
import time
from collections.abc import Callable
from pathlib import Path

from scratchlab.checks import Problem

LOOKS = 100  # attempts while another program writes
PAUSE = 0.02  # seconds between two attempts


def take(file: int, path: Path) -> Callable[[], bool]:
    """Takes a lease on an open file until it is closed; returns a function that tells whether a writer is waiting.

    Raises Problem if another program keeps the file open for writing.
    """
    if not _take_lease(file, path):
        return lambda: False
    return lambda: fcntl.fcntl(file, fcntl.F_GETLEASE) != fcntl.F_RDLCK


def _take_lease(file: int, path: Path) -> bool:
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)  # the default signal, SIGIO, would end this process; SIGURG is ignored by default
    for _ in range(LOOKS):
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            return True
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return False
            time.sleep(PAUSE)
    raise Problem(f"{path} is kept open for writing by another program; nothing was written. Close it there first.")
