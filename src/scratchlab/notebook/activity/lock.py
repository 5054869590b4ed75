"""A lock that admits one watcher at a time; it is released when its process ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

from scratchlab.checks import Problem


@contextlib.contextmanager
def exclusive(file: Path) -> Generator[None]:
    """Holds the lock during the block. Raises Problem naming the process that already holds it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            raise Problem(
                f"another `scratchlab watch` is already running (process {holder or 'unknown'}); only one can run at a time"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_locked(file: Path) -> bool:
    """Whether a watcher is running."""
    try:
        with file.open("rb") as found:
            fcntl.flock(found, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
