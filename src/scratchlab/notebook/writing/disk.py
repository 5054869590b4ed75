"""A note is replaced whole or not at all, and only if it still is what was read.

The new version is written beside its place and flushed; then the two trade names, and what stood there is looked at once more: if it is
not what was read, or somebody is about to write it, they trade back and nothing has happened. So a version that another program saves in
between is never lost, be it written in place (`lease.py`) or moved there (`exchange.py`).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Generator
from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.writing import lease
from scratchlab.notebook.writing.exchange import exchanged


class Changed(Exception):  # noqa: N818 (not an error: the caller reads again)
    """The file is not what was read: somebody else has written it, or is about to."""


@contextlib.contextmanager
def told(path: Path) -> Generator[None]:
    """Turns what the system refuses into a sentence that names the file."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else (error.strerror or str(error)).lower()
        raise Problem(f"{path} could not be written: {why}. Nothing was changed.") from error


def read(path: Path) -> bytes:
    """A file's bytes, once whoever is in the midst of writing them is done. Raises Problem where there are none to be had."""
    try:
        file = os.open(path, os.O_RDONLY)
        try:
            lease.taken(file, path)
            return _contents(file)
        finally:
            os.close(file)
    except OSError as error:
        raise Problem(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None


def replaced(path: Path, old: bytes, new: bytes) -> None:
    """Puts `new` in place of `old`, with its mode, owner and extended attributes; behind a symbolic link, which stays one.

    Raises Changed if the file is not `old`, Problem where it may not be replaced.
    """
    with told(path):
        path = path.resolve(strict=True)
        file = os.open(path, os.O_RDONLY)
    beside = _beside(path)
    try:
        with told(path):
            _may(path, found := os.fstat(file))
            made = _filled(beside, new, path, found)
            awaited = lease.taken(file, path)
            _trade(beside, path, made, found, lambda: awaited() or _contents(file) != old)
    finally:
        _forget(beside)
        os.close(file)


def _trade(beside: Path, path: Path, made: os.stat_result, found: os.stat_result, disturbed: Callable[[], bool]) -> None:
    """Trades the names for good, if `path` is what was `found` and nobody has `disturbed` it until then."""
    if disturbed() or not os.path.samestat(path.stat(), found):
        raise Changed
    if not exchanged(beside, path):
        beside.replace(path)
        flushed(path.parent)
        return
    try:
        flushed(path.parent)
        theirs = disturbed() or not os.path.samestat(beside.stat(), found)
    except OSError:
        _trade_back(beside, path, made)
        raise
    if theirs:
        _trade_back(beside, path, made)
        raise Changed


def _trade_back(beside: Path, path: Path, made: os.stat_result) -> None:
    """Undoes the trade. Raises Problem if meanwhile a third version came, and the one that it displaced is kept under another name."""
    exchanged(beside, path)
    if not os.path.samestat(beside.stat(), made):
        aside = beside.with_suffix(".displaced")
        beside.replace(aside)
        raise Problem(f"{path} is saved by other programs faster than it can be replaced; one of their versions is kept as {aside}.")


def created(path: Path, new: bytes) -> None:
    """A new file, readable as others are, in a folder that is made if need be. Raises Changed if there is one already."""
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(path)
        try:
            _filled(beside, new, path, None)
            try:
                os.link(beside, path)  # unlike a move, this never overwrites
            except FileExistsError:
                raise Changed from None
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                    raise
                if path.exists():  # a file system without hard links: looked at just before
                    raise Changed from None
                beside.replace(path)
            flushed(path.parent)
        finally:
            _forget(beside)


def strays(path: Path) -> list[Path]:
    """What earlier writers of this note left beside it when they were killed."""
    path = path.resolve()
    return [found for found in path.parent.glob(f"{_stem(path)}*.part") if found != _beside(path)]


def _stem(path: Path) -> str:
    return f".scratchlab-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]}-"  # a long name with more to it may be too long


def _beside(path: Path) -> Path:
    return path.with_name(f"{_stem(path)}{os.getpid()}.part")


def _forget(beside: Path) -> None:
    with contextlib.suppress(OSError):  # what is left is removed by the next write
        beside.unlink()


def _may(path: Path, found: os.stat_result) -> None:
    """Raises Problem where replacing would change what a file is, or do what its owner did not want."""
    if not stat.S_ISREG(found.st_mode):
        raise Problem(f"{path} is no file of notes; nothing was written.")
    if not found.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise Problem(f"{path} is read-only; nothing was written. `chmod u+w` makes it writable.")
    if found.st_nlink > 1:
        raise Problem(f"{path} has {found.st_nlink} hard links, which replacing it would part; nothing was written.")


def _filled(beside: Path, new: bytes, path: Path, like: os.stat_result | None) -> os.stat_result:
    """Writes and flushes what is to take the place of `path`, which is `like` this, or not there."""
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600 if like else 0o666)
    try:
        poured(file, new)
        if like:
            _same(file, path, like)
        os.fsync(file)
        return os.fstat(file)
    finally:
        os.close(file)


def _same(file: int, path: Path, like: os.stat_result) -> None:
    """Gives an open file the owner, the extended attributes and the mode of `path`."""
    mine = os.fstat(file)
    if (mine.st_uid, mine.st_gid) != (like.st_uid, like.st_gid):
        try:
            os.fchown(file, like.st_uid, like.st_gid)
        except PermissionError:
            raise Problem(f"{path} is somebody else's, and replacing it would make it yours; nothing was written.") from None
    if hasattr(os, "listxattr"):
        for name in os.listxattr(path):
            with contextlib.suppress(OSError):  # some are the system's own
                os.setxattr(file, name, os.getxattr(path, name))
    os.fchmod(file, stat.S_IMODE(like.st_mode))


def _contents(file: int) -> bytes:
    parts: list[bytes] = []
    while part := os.pread(file, 1 << 20, sum(map(len, parts))):
        parts.append(part)
    return b"".join(parts)


def poured(file: int, contents: bytes) -> None:
    """Writes all of it, in as many turns as the system takes."""
    rest = memoryview(contents)
    while rest:
        rest = rest[os.write(file, rest) :]


def flushed(folder: Path) -> None:
    """The names in a folder, safely on disk."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
