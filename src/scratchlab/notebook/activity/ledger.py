"""The database of intervals, as written by the watcher: SQLite, readable by its owner only."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from scratchlab.checks import Problem
from scratchlab.notebook.activity.exits import Exit
from scratchlab.notebook.activity.intervals import Interval, JobRecord
from scratchlab.notebook.activity.job_results import JobResult, job_result
from scratchlab.notebook.activity.jobs import Key

VERSION = 1
COLUMNS = tuple(field.name for field in fields(Interval))
_LATE = 2.5  # a gap longer than so many scan intervals counts as not watched
_SCHEMA = f"""
BEGIN;
CREATE TABLE interval (
    id INTEGER PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, birth TEXT NOT NULL, start REAL NOT NULL, cwd TEXT NOT NULL,
    project TEXT NOT NULL, folder TEXT NOT NULL, command TEXT NOT NULL, "commit" TEXT NOT NULL, dirty INTEGER, log TEXT NOT NULL,
    via TEXT NOT NULL, cpu REAL NOT NULL, gpu REAL NOT NULL, devices TEXT NOT NULL, slurm TEXT NOT NULL, parts INTEGER NOT NULL,
    state TEXT NOT NULL, "end" REAL, how TEXT NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL,
    again INTEGER REFERENCES interval (id) ON DELETE SET NULL, UNIQUE (host, pid, birth)
);
CREATE INDEX by_time ON interval (start);
CREATE INDEX by_command ON interval (host, cwd, command);
CREATE TABLE watched (host TEXT NOT NULL, since REAL NOT NULL, until REAL NOT NULL);
PRAGMA user_version = {VERSION};
COMMIT;
"""


@contextlib.contextmanager
def database_errors(file: Path) -> Generator[None]:
    """Turns SQLite errors (damaged, full or locked file) into a Problem that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise Problem(f"{file} cannot be used ({error}); if it is damaged, move it away, and a new one is created") from error


def connect(file: Path, patience: float = 10) -> sqlite3.Connection:
    """Opens the database, creating it with mode 0600 and its folder with 0700; patience: seconds to wait for other processes."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    file.chmod(0o600)
    with database_errors(file):
        database = sqlite3.connect(file, timeout=patience)
        database.row_factory = sqlite3.Row
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            database.close()
            raise Problem(f"{file} was written by another version of scratchlab (format {version}, expected {VERSION})")
        database.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;"
        )
        if version == 0:
            database.executescript(_SCHEMA)
    return database


def interval(row: sqlite3.Row) -> Interval:
    """The interval of a row."""
    values: dict[str, Any] = {name: row[name] for name in COLUMNS}
    values["dirty"] = None if values["dirty"] is None else bool(values["dirty"])
    return Interval(**values)


@dataclass(frozen=True)
class LedgerChanges:
    """The changes by one scan of a host: new and ended intervals, and the number of running ones."""

    began: list[Interval]
    ended: list[Interval]
    running: int


class Ledger:
    """Writes the results of scans."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._database = connect(file)

    def close(self) -> None:
        """Closes the database."""
        self._database.close()

    def running(self, host: str) -> dict[Key, Interval]:
        """The running intervals of a host."""
        with database_errors(self.file):
            rows = self._database.execute("SELECT * FROM interval WHERE host = ? AND state = 'running'", (host,))
            return {(row["pid"], row["birth"]): interval(row) for row in rows}

    def record(
        self, host: str, taken: float, found: Sequence[JobRecord], every: float, exits: Mapping[Key, Exit], *, here: bool
    ) -> LedgerChanges:
        """Writes the result of one scan of a host in one transaction; returns the changes since the last scan.

        taken: time of the scan. every: seconds between two scans. exits: of ended processes.
        here: whether the host is this machine, so that its logs can be read.
        """
        with database_errors(self.file), self._database:
            unwatched = self._beat(host, taken, every)
            before, now = self.running(host), {(job.pid, job.birth): job for job in found}
            ended = [
                self._end(interval_, job_result(exits.get(key), interval_.log if here else "", unwatched=unwatched), taken)
                for key, interval_ in before.items()
                if key not in now
            ]
            for key in before.keys() & now.keys():
                self._update(before[key].id, now[key], taken)
                ended += [] if now[key].state == "running" else [self._interval(before[key].id)]  # ended according to a scheduler
            began = [new for key in now if key not in before and (new := self._begin(now[key], taken))]
        return LedgerChanges(began, ended, sum(job.state == "running" for job in found))

    def _beat(self, host: str, taken: float, every: float) -> bool:
        """Records that the host was scanned; returns whether there was a gap before."""
        last = self._database.execute("SELECT rowid, until FROM watched WHERE host = ? ORDER BY until DESC LIMIT 1", (host,)).fetchone()
        if last is not None and 0 <= taken - last["until"] <= _LATE * every + 5:
            self._database.execute("UPDATE watched SET until = ? WHERE rowid = ?", (taken, last["rowid"]))
            return False
        self._database.execute("INSERT INTO watched VALUES (?, ?, ?)", (host, taken, taken))
        return last is not None

    def _begin(self, job: JobRecord, taken: float) -> Interval | None:
        """Inserts a new interval, or reopens one that was thought to have ended; None if it is known and has ended."""
        same = (job.host, job.pid, job.birth)
        if known := self._database.execute("SELECT id FROM interval WHERE host = ? AND pid = ? AND birth = ?", same).fetchone():
            self._update(known["id"], job, taken)
            return self._interval(known["id"]) if job.state == "running" else None
        earlier = self._database.execute(
            "SELECT id FROM interval WHERE host = ? AND cwd = ? AND command = ? AND start < ? AND state != 'running' "
            "ORDER BY start DESC LIMIT 1",
            (job.host, job.cwd, job.command, job.start),
        ).fetchone()
        row = {**asdict(job), "first_seen": taken, "last_seen": taken, "again": earlier["id"] if earlier else None}
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
        return self._interval(self._database.execute(f"INSERT INTO interval ({names}) VALUES ({marks})", row).lastrowid)

    def _update(self, interval_id: int, job: JobRecord, taken: float) -> None:
        """Updates times and counts, and a log or GPUs that were not known before."""
        self._database.execute(
            "UPDATE interval SET last_seen = :taken, cpu = max(cpu, :cpu), gpu = gpu + :gpu, parts = max(parts, :parts), "
            "log = CASE WHEN :log = '' THEN log ELSE :log END, via = CASE WHEN :log = '' AND log != '' THEN via ELSE :via END, "
            "devices = CASE WHEN :devices = '' THEN devices ELSE :devices END, "
            'state = :state, "end" = :end, how = :how WHERE id = :id',
            {**asdict(job), "taken": taken, "id": interval_id},
        )

    def _end(self, interval_: Interval, result: JobResult, taken: float) -> Interval:
        when = interval_.last_seen if result.when is None else min(max(result.when, interval_.last_seen), taken)
        self._database.execute(
            'UPDATE interval SET state = ?, how = ?, "end" = ? WHERE id = ?', (result.state, result.how, when, interval_.id)
        )
        return self._interval(interval_.id)

    def _interval(self, number: int | None) -> Interval:
        return interval(self._database.execute("SELECT * FROM interval WHERE id = ?", (number,)).fetchone())
