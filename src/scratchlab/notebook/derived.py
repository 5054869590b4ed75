"""SQLite files with derived data: a damaged file is deleted and rebuilt from its sources."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scratchlab.checks import Problem


class Connection(sqlite3.Connection):
    """A connection to a file of derived data; path: the file."""

    path: Path

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Executes as `sqlite3` does. If the file is damaged, deletes it and raises Problem; the next command rebuilds it."""
        try:
            return super().execute(*arguments)
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # subclasses mean a locked file, a full disk or a programming error, not damage
                raise
            self.close()
            forget(self.path)
            raise Problem(f"{self.path} was damaged ({error}) and has been deleted; run the same command again to rebuild it.") from None


def opened(path: Path, create: Callable[[sqlite3.Connection], object]) -> sqlite3.Connection:
    """Opens the file: creates it if it is missing, rebuilds it if it is damaged. Readable by its owner only. The caller closes it.

    create: creates missing tables. Raises Problem with the path if the file cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return _open_once(path, create)
        except Problem:
            return _open_once(path, create)
    except (OSError, sqlite3.OperationalError) as error:
        raise Problem(f"{path} cannot be used ({error}); it holds derived data only and may be deleted.") from error


def _open_once(path: Path, create: Callable[[sqlite3.Connection], object]) -> sqlite3.Connection:
    path.touch(0o600)
    database = sqlite3.connect(path, isolation_level=None, timeout=60, factory=Connection)
    database.path = path
    try:
        create(database)
    except BaseException:
        database.close()
        raise
    return database


def forget(path: Path) -> None:
    """Deletes a database file together with SQLite's companion files (-wal, -shm)."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def clean(text: str) -> str:
    r"""A text that SQLite can store: lone surrogates (from undecodable file names) become escape sequences.

    >>> clean("caf\udce9.md")
    'caf\\udce9.md'
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
