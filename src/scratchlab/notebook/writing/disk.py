"""Replaces a note atomically, and only if its content still is what was read.

The new version is written to a temporary file and synced; then both files swap names, and the old one is checked again: if its content
differs from what was read, or another program is about to write it, the names are swapped back. So a version saved by another program in
between is never lost, whether it is written in place (`lease.py`) or moved there (`exchange.py`).
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
from scratchlab.notebook.writing.exchange import exchange_names


class Changed(Exception):  # noqa: N818 (not an error: the caller reads again)
    """The file's content is not what was read: another program has written it, or is about to."""


@contextlib.contextmanager
def write_errors(path: Path) -> Generator[None]:
    """Turns an OSError into a Problem that names the file."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else (error.strerror or str(error)).lower()
        raise Problem(f"{path} could not be written: {why}. Nothing was changed.") from error


def read(path: Path) -> bytes:
    """A file's bytes, after waiting for programs that are writing it. Raises Problem if it cannot be read."""
    try:
        file = os.open(path, os.O_RDONLY)
        try:
            lease.take(file, path)
            return _contents(file)
        finally:
            os.close(file)
    except OSError as error:
        raise Problem(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None


def replace(path: Path, old: bytes, new: bytes) -> None:
    """Replaces content `old` by `new`, keeping mode, owner and extended attributes; for a symbolic link, replaces its target.

    Raises Changed if the content is not `old`, Problem if the file must not be replaced.
    """
    with write_errors(path):
        path = path.resolve(strict=True)
        file = os.open(path, os.O_RDONLY)
    temporary = _temporary_path(path)
    try:
        with write_errors(path):
            _check_replaceable(path, found := os.fstat(file))
            written = _write_temporary(temporary, new, path, found)
            writer_waits = lease.take(file, path)
            _swap(temporary, path, written, found, lambda: writer_waits() or _contents(file) != old)
    finally:
        _remove(temporary)
        os.close(file)


def _swap(temporary: Path, path: Path, written: os.stat_result, found: os.stat_result, disturbed: Callable[[], bool]) -> None:
    """Swaps the names, if `path` is still the file `found` and `disturbed()` is false, also afterwards; else raises Changed."""
    if disturbed() or not os.path.samestat(path.stat(), found):
        raise Changed
    if not exchange_names(temporary, path):
        temporary.replace(path)
        sync_folder(path.parent)
        return
    try:
        sync_folder(path.parent)
        changed = disturbed() or not os.path.samestat(temporary.stat(), found)
    except OSError:
        _swap_back(temporary, path, written)
        raise
    if changed:
        _swap_back(temporary, path, written)
        raise Changed


def _swap_back(temporary: Path, path: Path, written: os.stat_result) -> None:
    """Swaps the names back. Raises Problem if a third version appeared meanwhile; the displaced version is then kept under another name."""
    exchange_names(temporary, path)
    if not os.path.samestat(temporary.stat(), written):
        aside = temporary.with_suffix(".displaced")
        temporary.replace(aside)
        raise Problem(f"{path} is saved by other programs faster than it can be replaced; one of their versions is kept as {aside}.")


def create(path: Path, new: bytes) -> None:
    """Creates a file with the default permissions, and its folder if necessary. Raises Changed if the file already exists."""
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary_path(path)
        try:
            _write_temporary(temporary, new, path, None)
            try:
                os.link(temporary, path)  # unlike a move, this never overwrites
            except FileExistsError:
                raise Changed from None
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                    raise
                if path.exists():  # a file system without hard links: check right before
                    raise Changed from None
                temporary.replace(path)
            sync_folder(path.parent)
        finally:
            _remove(temporary)


def strays(path: Path) -> list[Path]:
    """Temporary files beside this note that were left by killed writers."""
    path = path.resolve()
    return [found for found in path.parent.glob(f"{_stem(path)}*.part") if found != _temporary_path(path)]


def _stem(path: Path) -> str:
    return f".scratchlab-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]}-"  # the name itself plus a suffix might be too long


def _temporary_path(path: Path) -> Path:
    return path.with_name(f"{_stem(path)}{os.getpid()}.part")


def _remove(beside: Path) -> None:
    with contextlib.suppress(OSError):  # the next write deletes it
        beside.unlink()


def _check_replaceable(path: Path, found: os.stat_result) -> None:
    """Raises Problem for files that are not regular, are read-only or have hard links."""
    if not stat.S_ISREG(found.st_mode):
        raise Problem(f"{path} is not a regular file; nothing was written.")
    if not found.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise Problem(f"{path} is read-only; nothing was written. `chmod u+w` makes it writable.")
    if found.st_nlink > 1:
        raise Problem(f"{path} has {found.st_nlink} hard links, which replacing it would separate; nothing was written.")


def _write_temporary(beside: Path, new: bytes, path: Path, like: os.stat_result | None) -> os.stat_result:
    """Writes and syncs the temporary file that will replace `path`; like: the status of `path`, None if it is new."""
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600 if like else 0o666)
    try:
        write_all(file, new)
        if like:
            _copy_attributes(file, path, like)
        os.fsync(file)
        return os.fstat(file)
    finally:
        os.close(file)


def _copy_attributes(file: int, path: Path, like: os.stat_result) -> None:
    """Copies owner, extended attributes and mode of `path` to an open file."""
    mine = os.fstat(file)
    if (mine.st_uid, mine.st_gid) != (like.st_uid, like.st_gid):
        try:
            os.fchown(file, like.st_uid, like.st_gid)
        except PermissionError:
            raise Problem(f"{path} belongs to another user, and replacing it would change its owner; nothing was written.") from None
    if hasattr(os, "listxattr"):
        for name in os.listxattr(path):
            with contextlib.suppress(OSError):  # some belong to the system
                os.setxattr(file, name, os.getxattr(path, name))
    os.fchmod(file, stat.S_IMODE(like.st_mode))


def _contents(file: int) -> bytes:
    parts: list[bytes] = []
    while part := os.pread(file, 1 << 20, sum(map(len, parts))):
        parts.append(part)
    return b"".join(parts)


def write_all(file: int, contents: bytes) -> None:
    """Writes all bytes, with as many calls as necessary."""
    rest = memoryview(contents)
    while rest:
        rest = rest[os.write(file, rest) :]


def sync_folder(folder: Path) -> None:
    """Syncs a folder's entries to disk."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
