"""What was recorded, taken out again: from the table, from the free pages of its file, and from its log."""

from __future__ import annotations

from pathlib import Path

from scratchlab.checks import Problem
from scratchlab.notebook.activity.ledger import connect, told
from scratchlab.notebook.activity.reader import Choice


def forget(file: Path, choice: Choice, patience: float = 10) -> int:
    """Removes the chosen intervals, so that nothing of them can be read in the file's bytes; returns how many.

    patience: seconds to wait for others that use the file.
    When a host is forgotten over all time, the times at which it was watched go too.
    Raises Problem if another process keeps reading what was removed: it is out of the table, but not out of the log yet.
    """
    where, values = choice.where()
    base = connect(file, patience)
    try:
        with told(file):
            with base:
                removed = base.execute(f"DELETE FROM interval WHERE {where}", values).rowcount
                if choice.since is None and choice.until is None and not choice.project:
                    base.execute("DELETE FROM watched WHERE ?1 = '' OR host = ?1", (choice.host,))
            base.execute("VACUUM")  # connections of the ledger overwrite what they delete; this leaves no free page at all
            busy = base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        base.close()
    if busy:
        raise Problem(f"{file}: {removed} removed, but another process still reads them; the same command again wipes the rest")
    return removed
