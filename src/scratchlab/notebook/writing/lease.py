"""To know of writers while a file is being replaced: the system's own word, a read lease, where there is one.

Linux grants a read lease on a file that nobody has open for writing; whoever opens it to write is held back until the lease is given up,
and its holder is told: fcntl(2), "Leases". Where there is none (another system, a network's file system, somebody else's file), nobody is
held back, and what remains are comparisons of the bytes just before and just after.
"""

from __future__ import annotations

import errno
import fcntl
import signal
import time
from collections.abc import Callable
from pathlib import Path

from scratchlab.checks import Problem

LOOKS = 100  # for a writer to finish, and the seconds between two of them
PAUSE = 0.02


def taken(file: int, path: Path) -> Callable[[], bool]:
    """Takes a lease on a file that is open, until it is closed; the answer tells whether a writer waits for that.

    Raises Problem if one that has it open does not let go of it.
    """
    if not _granted(file, path):
        return lambda: False
    return lambda: fcntl.fcntl(file, fcntl.F_GETLEASE) != fcntl.F_RDLCK


def _granted(file: int, path: Path) -> bool:
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)  # the word of it, SIGIO, would end this process; this one is ignored unless asked for
    for _ in range(LOOKS):
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            return True
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return False
            time.sleep(PAUSE)
    raise Problem(f"{path} is open for writing in another program, which does not let go of it; nothing was written. Close it there first.")
