"""The cache folder: what can be made again, kept so that it need not be. It may be deleted at any time."""

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
    """$SCRATCHLAB_CACHE, else the user's own cache (`~/.cache/scratchlab` on Linux)."""
    chosen = os.environ.get("SCRATCHLAB_CACHE")
    return Path(chosen).expanduser() if chosen else Path(pooch.os_cache("scratchlab"))


@contextlib.contextmanager
def filling(place: Path) -> Generator[Path]:
    """An empty folder beside `place`, moved onto it when the block ends well and removed when it does not.

    If another process was first, its folder stays and this one is discarded, so what they put there must be the same.
    Raises Problem when the cache is full or may not be written.
    """
    beside = place.with_name(f".{place.name}.{uuid.uuid4().hex[:12]}")
    try:
        beside.mkdir(parents=True)
        yield beside
        try:
            beside.rename(place)
        except OSError:
            if not place.is_dir():
                raise
    except OSError as error:
        raise Problem(_told(place.parent, error)) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _told(where: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The cache folder {where} is full; free some space, or choose another folder with SCRATCHLAB_CACHE=FOLDER."
    return f"The cache folder {where} cannot be written ({error.strerror or error}); choose another with SCRATCHLAB_CACHE=FOLDER."
