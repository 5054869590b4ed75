"""SQLite files of what can be made again from its sources: one that is damaged is removed, and begun anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scratchlab.checks import Problem


class Base(sqlite3.Connection):
    """A connection to such a file.

    path: of the file.
    """

    path: Path

    def execute(self, *said: Any) -> sqlite3.Cursor:
        """As `sqlite3` does it. Raises Problem where damage is met on the way; the file is then gone, and begun anew the next time."""
        try:
            return super().execute(*said)
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # its subclasses tell of a locked file, a full disk, or a mistake of ours
                raise
            self.close()
            forget(self.path)
            raise Problem(f"{self.path} was damaged ({error}) and is removed; the same command again makes it anew.") from None


def opened(path: Path, begun: Callable[[sqlite3.Connection], object]) -> sqlite3.Connection:
    """The file, which is made if it is not there, and made anew if it is damaged. Only its owner may read it. Closing is the caller's.

    begun: makes the tables that are not there. Raises Problem naming the file where it cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return _tried(path, begun)
        except Problem:
            return _tried(path, begun)
    except (OSError, sqlite3.OperationalError) as error:
        raise Problem(f"{path} cannot be used ({error}); it holds nothing that cannot be made again.") from error


def _tried(path: Path, begun: Callable[[sqlite3.Connection], object]) -> sqlite3.Connection:
    path.touch(0o600)
    base = sqlite3.connect(path, isolation_level=None, timeout=60, factory=Base)
    base.path = path
    try:
        begun(base)
    except BaseException:
        base.close()
        raise
    return base


def forget(path: Path) -> None:
    """Removes a file with what SQLite keeps beside it."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def clean(text: str) -> str:
    r"""A text as SQLite takes it: half a letter, as of a name whose bytes are of no encoding, becomes its number.

    >>> clean("caf\udce9.md")
    'caf\\udce9.md'
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
