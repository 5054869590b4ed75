"""One watcher at a time: a lock that dies with its process."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

from scratchlab.checks import Problem


@contextlib.contextmanager
def alone(file: Path) -> Generator[None]:
    """Holds the lock while the block runs. Raises Problem naming the process that holds it already."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = os.read(descriptor, 20).decode(errors="replace").strip()
            raise Problem(f"another `scratchlab watch` is at work (process {who or 'unknown'}); one is enough") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def held(file: Path) -> bool:
    """Whether a watcher is at work."""
    try:
        with file.open("rb") as found:
            fcntl.flock(found, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
