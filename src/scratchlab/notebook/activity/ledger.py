"""The file of intervals, as the watcher writes it: SQLite, readable by its owner alone."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from scratchlab.checks import Problem
from scratchlab.notebook.activity.endings import Ending, ending
from scratchlab.notebook.activity.exits import Exit
from scratchlab.notebook.activity.intervals import Interval, Seen
from scratchlab.notebook.activity.jobs import Key

VERSION = 1
COLUMNS = tuple(field.name for field in fields(Interval))
_LATE = 2.5  # times the pause between two looks, after which no one watched
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
def told(file: Path) -> Generator[None]:
    """Turns what SQLite says of a damaged, full or locked file into a sentence that names it."""
    try:
        yield
    except sqlite3.Error as error:
        raise Problem(f"{file} cannot be used ({error}); if it is damaged, move it away, and a new one is begun") from error


def connect(file: Path, patience: float = 10) -> sqlite3.Connection:
    """The file, 0600 before anything is in it; its folder 0700 if it is made here. `patience`: seconds to wait for others."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    file.chmod(0o600)
    with told(file):
        base = sqlite3.connect(file, timeout=patience)
        base.row_factory = sqlite3.Row
        version = base.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            base.close()
            raise Problem(f"{file} was written by another version of scratchlab (its format is {version}, here {VERSION})")
        base.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;")
        if version == 0:
            base.executescript(_SCHEMA)
    return base


def interval(row: sqlite3.Row) -> Interval:
    """One row of the table."""
    said: dict[str, Any] = {name: row[name] for name in COLUMNS}
    said["dirty"] = None if said["dirty"] is None else bool(said["dirty"])
    return Interval(**said)


@dataclass(frozen=True)
class Noted:
    """What one look at a host changed: which intervals began and ended, and how many run."""

    began: list[Interval]
    ended: list[Interval]
    running: int


class Ledger:
    """Writes what looks find."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._base = connect(file)

    def close(self) -> None:
        """Closes the file."""
        self._base.close()

    def running(self, host: str) -> dict[Key, Interval]:
        """The intervals of a host that have not ended."""
        with told(self.file):
            rows = self._base.execute("SELECT * FROM interval WHERE host = ? AND state = 'running'", (host,))
            return {(row["pid"], row["birth"]): interval(row) for row in rows}

    def note(self, host: str, taken: float, found: Sequence[Seen], every: float, exits: Mapping[Key, Exit], *, here: bool) -> Noted:
        """Writes what one look at a host found, all or nothing; returns what began and what ended since the last.

        taken: when it looked. every: seconds between two looks. exits: of those that ended, when and how.
        here: whether logs of the host are files of this machine.
        """
        with told(self.file), self._base:
            unwatched = self._beat(host, taken, every)
            before, now = self.running(host), {(seen.pid, seen.birth): seen for seen in found}
            ended = [
                self._end(one, ending(exits.get(key), one.log if here else "", unwatched=unwatched), taken)
                for key, one in before.items()
                if key not in now
            ]
            for key in before.keys() & now.keys():
                self._go_on(before[key].id, now[key], taken)
                ended += [] if now[key].state == "running" else [self._one(before[key].id)]  # as a scheduler says itself
            began = [one for key in now if key not in before and (one := self._begin(now[key], taken))]
        return Noted(began, ended, sum(seen.state == "running" for seen in found))

    def _beat(self, host: str, taken: float, every: float) -> bool:
        """Marks that the host was looked at; returns whether it was not for longer than it should have been."""
        last = self._base.execute("SELECT rowid, until FROM watched WHERE host = ? ORDER BY until DESC LIMIT 1", (host,)).fetchone()
        if last is not None and 0 <= taken - last["until"] <= _LATE * every + 5:
            self._base.execute("UPDATE watched SET until = ? WHERE rowid = ?", (taken, last["rowid"]))
            return False
        self._base.execute("INSERT INTO watched VALUES (?, ?, ?)", (host, taken, taken))
        return last is not None

    def _begin(self, seen: Seen, taken: float) -> Interval | None:
        """A new interval, or one again that was thought to be over; None of one that is over and known."""
        same = (seen.host, seen.pid, seen.birth)
        if known := self._base.execute("SELECT id FROM interval WHERE host = ? AND pid = ? AND birth = ?", same).fetchone():
            self._go_on(known["id"], seen, taken)
            return self._one(known["id"]) if seen.state == "running" else None
        earlier = self._base.execute(
            "SELECT id FROM interval WHERE host = ? AND cwd = ? AND command = ? AND start < ? AND state != 'running' "
            "ORDER BY start DESC LIMIT 1",
            (seen.host, seen.cwd, seen.command, seen.start),
        ).fetchone()
        row = {**asdict(seen), "first_seen": taken, "last_seen": taken, "again": earlier["id"] if earlier else None}
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
        return self._one(self._base.execute(f"INSERT INTO interval ({names}) VALUES ({marks})", row).lastrowid)

    def _go_on(self, number: int, seen: Seen, taken: float) -> None:
        """What grows: time, seconds, processes; and what may come late, as a log or the cards."""
        self._base.execute(
            "UPDATE interval SET last_seen = :taken, cpu = max(cpu, :cpu), gpu = gpu + :gpu, parts = max(parts, :parts), "
            "log = CASE WHEN :log = '' THEN log ELSE :log END, via = CASE WHEN :log = '' AND log != '' THEN via ELSE :via END, "
            "devices = CASE WHEN :devices = '' THEN devices ELSE :devices END, "
            'state = :state, "end" = :end, how = :how WHERE id = :id',
            {**asdict(seen), "taken": taken, "id": number},
        )

    def _end(self, one: Interval, how: Ending, taken: float) -> Interval:
        when = one.last_seen if how.when is None else min(max(how.when, one.last_seen), taken)
        self._base.execute('UPDATE interval SET state = ?, how = ?, "end" = ? WHERE id = ?', (how.state, how.how, when, one.id))
        return self._one(one.id)

    def _one(self, number: int | None) -> Interval:
        return interval(self._base.execute("SELECT * FROM interval WHERE id = ?", (number,)).fetchone())
