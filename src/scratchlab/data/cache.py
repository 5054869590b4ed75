"""The cache folder, for data that can be computed or downloaded again. It may be deleted at any time."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Generator
from pathlib import Path

import pooch

from scratchlab.checks import Problem


def folder() -> Path:
    """The cache folder: $SCRATCHLAB_CACHE if set, else the user's cache (`~/.cache/scratchlab` on Linux)."""
    configured = os.environ.get("SCRATCHLAB_CACHE")
    return Path(configured).expanduser() if configured else Path(pooch.os_cache("scratchlab"))


@contextlib.contextmanager
def atomic_folder(target: Path) -> Generator[Path]:
    """A context manager that yields an empty temporary folder; it is renamed to `target` on success and removed on an exception.

    If another process has created `target` meanwhile, that one is kept and this one is discarded, so both must have equal contents.
    Raises Problem where the cache is full or cannot be written.
    """
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        try:
            temporary.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    except OSError as error:
        raise Problem(_message(target.parent, error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _message(where: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The cache folder {where} is full; free some space, or choose another folder with SCRATCHLAB_CACHE=FOLDER."
    return f"The cache folder {where} cannot be written ({error.strerror or error}); choose another with SCRATCHLAB_CACHE=FOLDER."
