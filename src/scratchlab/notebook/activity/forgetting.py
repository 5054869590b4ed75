"""Erases recorded jobs: from the table, from the free pages of the database file, and from its write-ahead log."""

from __future__ import annotations

from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.activity.ledger import connect, database_errors
from scratchlab.notebook.activity.reader import IntervalFilter


def forget(file: Path, choice: IntervalFilter, patience: float = 10) -> int:
    """Erases the chosen intervals, so that nothing of them remains in the file's bytes; returns their number.

    patience: seconds to wait for other processes that use the file.
    If a host is erased without limits of time or project, the times at which it was watched are erased, too.
    Raises Problem if another process keeps reading the erased rows: they are not erased from the write-ahead log yet.
    """
    where, values = choice.where()
    database = connect(file, patience)
    try:
        with database_errors(file):
            with database:
                removed = database.execute(f"DELETE FROM interval WHERE {where}", values).rowcount
                if choice.since is None and choice.until is None and not choice.project:
                    database.execute("DELETE FROM watched WHERE ?1 = '' OR host = ?1", (choice.host,))
            database.execute("VACUUM")  # deleted rows are overwritten (secure_delete); this removes the free pages
            busy = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        database.close()
    if busy:
        raise Problem(
            f"{file}: {removed} removed, but another process still reads them; run the same command again to erase the rest from the disk"
        )
    return removed
