"""Intervals: begin, update, end and restart; permissions; erasing."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.activity import reader
from scratchlab.notebook.activity.exits import Exit
from scratchlab.notebook.activity.forgetting import forget
from scratchlab.notebook.activity.intervals import Interval, JobRecord
from scratchlab.notebook.activity.ledger import Ledger, LedgerChanges
from scratchlab.notebook.activity.reader import IntervalFilter

T = 1_700_000_000.0
JOB = JobRecord(
    "box", 20, "boot-1", T - 60, "/home/sam/kws", "kws", "/home/sam/kws", "python train.py", "c0ffee", True, "/x.log", "file", 5
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "activity.sqlite"


def look(ledger: Ledger, after: float, *found: JobRecord, exits: dict | None = None, here: bool = True, host: str = "box") -> LedgerChanges:
    """One scan some seconds after T; scans are 30 seconds apart."""
    return ledger.record(host, T + after, found, 30, exits or {}, here=here)


def only(file: Path) -> Interval:
    (one,) = reader.intervals(file)
    return one


def test_the_file_is_readable_by_its_owner_only(file: Path) -> None:
    ledger = Ledger(file)
    look(ledger, 0, JOB)
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == dict.fromkeys(
        ("activity.sqlite", "activity.sqlite-wal", "activity.sqlite-shm"), 0o600
    )


def test_an_existing_folder_keeps_its_mode(file: Path) -> None:
    file.parent.mkdir()
    file.parent.chmod(0o755)
    Ledger(file)
    assert file.parent.stat().st_mode & 0o777 == 0o755
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_job_begins_continues_and_ends(file: Path) -> None:
    ledger = Ledger(file)
    assert [one.command for one in look(ledger, 0, JOB).began] == ["python train.py"]
    changes = look(ledger, 30, replace(JOB, cpu=20, gpu=4, parts=3, commit="ignored", log=""))
    assert (changes.began, changes.ended, changes.running) == ([], [], 1)
    look(ledger, 60, replace(JOB, cpu=3, gpu=2))
    one = only(file)
    assert (one.state, one.end, one.first_seen, one.last_seen) == ("running", None, T, T + 60)
    assert (one.cpu, one.gpu, one.parts, one.commit, one.dirty, one.log, one.via) == (20, 6, 3, "c0ffee", True, "/x.log", "file")
    assert [one.state for one in look(ledger, 90).ended] == ["exited"]
    assert (only(file).state, only(file).end, only(file).lasted) == ("exited", T + 60, 120)
    assert look(ledger, 120) == LedgerChanges([], [], 0)


@pytest.mark.parametrize(
    ("status", "state", "how"),
    [(0, "finished", ""), (1 << 8, "failed", "status 1"), (9, "killed", "SIGKILL"), (11, "failed", "SIGSEGV"), (None, "exited", "")],
)
def test_results_from_exit_statuses(file: Path, status: int | None, state: str, how: str) -> None:
    ledger = Ledger(file)
    look(ledger, 0, JOB)
    look(ledger, 30, exits={(20, "boot-1"): Exit(T + 12, status)})
    assert (only(file).state, only(file).how, only(file).end) == (state, how, T + 12)


@pytest.mark.parametrize(
    ("log", "state"),
    [
        ("epoch 1\nTraceback (most recent call last):\n  File 'x'\n    f()\ntorch.OutOfMemoryError: CUDA out of memory\n", "failed"),
        ("Traceback (most recent call last):\n  File 'x'\n    f()\nKeyError: 'a'\ncaught, and on we go\nepoch 2\n", "exited"),
        ("epoch 1\n", "exited"),
        ("", "exited"),
    ],
)
def test_results_from_logs(file: Path, tmp_path: Path, log: str, state: str) -> None:
    path = tmp_path / "x.log"
    path.write_text(log)
    ledger = Ledger(file)
    for here in (True, False):
        look(ledger, 0, replace(JOB, log=str(path), birth=str(here)))
        look(ledger, 30, here=here)
    here, elsewhere = reader.intervals(file)
    assert here.state == state
    assert elsewhere.state == "exited", "a path of another host is no file of this one"


def test_a_job_that_ended_while_not_watched_has_vanished(file: Path) -> None:
    ledger = Ledger(file)
    look(ledger, 0, JOB)
    ledger.close()
    look(Ledger(file), 3600)
    assert (only(file).state, only(file).end) == ("vanished", T)
    gap = [(one.since - T, one.until - T) for one in reader.gaps(file, T - 100, T + 3700)]
    assert gap == [(-100, 0), (0, 3600), (3600, 3700)]


def test_a_restarted_watcher_continues_the_same_interval(file: Path) -> None:
    for after in (0, 3600, 3630):
        ledger = Ledger(file)
        look(ledger, after, JOB)
        ledger.close()
    assert (only(file).first_seen, only(file).last_seen, only(file).state) == (T, T + 3630, "running")


def test_a_repeated_command_is_linked_but_not_a_reused_pid(file: Path) -> None:
    ledger = Ledger(file)
    look(ledger, 0, JOB)
    look(ledger, 30, replace(JOB, birth="boot-2", start=T + 10), replace(JOB, birth="boot-3", start=T + 11, command="python other.py"))
    look(ledger, 60, replace(JOB, birth="boot-4", start=T + 50))
    first, second, other, third = reader.intervals(file)
    assert (first.state, second.again, other.again, third.again) == ("exited", first.id, None, second.id)
    assert first.pid == second.pid == other.pid


def test_simultaneous_jobs_are_no_restarts(file: Path) -> None:
    look(Ledger(file), 0, JOB, replace(JOB, pid=21, birth="boot-2", start=T - 5))
    assert [one.again for one in reader.intervals(file)] == [None, None]


def test_a_job_seen_again_is_reopened(file: Path) -> None:
    ledger = Ledger(file)
    look(ledger, 0, JOB)
    look(ledger, 30)
    assert [one.id for one in look(ledger, 60, JOB).began] == [1]
    assert (only(file).state, only(file).end) == ("running", None)


def test_a_job_ended_by_a_scheduler_is_reported_once(file: Path) -> None:
    ledger = Ledger(file)
    over = replace(JOB, state="failed", end=T + 20, how="status 1")
    look(ledger, 0, JOB)
    assert [one.state for one in look(ledger, 30, over).ended] == ["failed"]
    assert look(ledger, 60, over) == LedgerChanges([], [], 0)
    assert only(file).end == T + 20


def test_hosts_do_not_end_each_others_jobs(file: Path) -> None:
    ledger = Ledger(file)
    look(ledger, 0, JOB)
    look(ledger, 1, replace(JOB, host="gpu1"), host="gpu1")
    assert [one.state for one in reader.intervals(file)] == ["running", "running"]


def test_a_scan_is_written_in_one_transaction(file: Path) -> None:
    ledger = Ledger(file)
    with pytest.raises(Problem, match=r"activity\.sqlite cannot be used"):
        look(ledger, 0, JOB, replace(JOB, birth="x", command=None))  # pyright: ignore[reportArgumentType]
    assert reader.intervals(file) == []
    assert reader.watched(file) == []


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (IntervalFilter(), [1, 2, 3]),
        (IntervalFilter(since=T + 100), [2, 3]),
        (IntervalFilter(until=T - 60), []),
        (IntervalFilter(until=T), [1]),
        (IntervalFilter(host="gpu1"), [3]),
        (IntervalFilter(project="kws"), [1, 3]),
        (IntervalFilter(since=T + 1e6), [2, 3]),
    ],
)
def test_intervals_are_filtered_by_time_host_and_project(file: Path, choice: IntervalFilter, found: list[int]) -> None:
    ledger = Ledger(file)
    look(ledger, 0, JOB)
    look(ledger, 30, replace(JOB, birth="b", start=T + 10, project="fsl"))
    look(ledger, 31, replace(JOB, host="gpu1", start=T + 20), host="gpu1")
    assert [one.id for one in reader.intervals(file, choice)] == found, "what runs may run on after it was last seen"


def test_the_reader_cannot_write_and_reads_while_the_watcher_writes(file: Path) -> None:
    ledger = Ledger(file)
    look(ledger, 0, JOB)
    with pytest.raises(Problem, match="readonly"), reader._opened(file) as base:
        cast(sqlite3.Connection, base).execute("DELETE FROM interval")
    look(ledger, 30, JOB)
    assert only(file).last_seen == T + 30
    for empty in (file.with_name("none.sqlite"), file.with_name("new.sqlite")):
        assert reader.intervals(empty) == reader.watched(empty) == []
        empty.touch()


def test_an_event_has_place_time_project_and_state(file: Path) -> None:
    ledger = Ledger(file)
    look(ledger, 0, JOB, replace(JOB, birth="b", log="", gpu=90, start=T - 1))
    look(ledger, 30, exits={(20, "boot-1"): Exit(T + 12, 0)})
    one, other = reader.events(file)
    assert one.when is not None
    assert (one.when.start, one.when.end) == (datetime.fromtimestamp(T - 60), datetime.fromtimestamp(T + 12))
    assert (one.kind, one.project, one.state, str(one.place), one.heading) == ("job", "kws", "finished", "/x.log", ("box",))
    assert one.text.splitlines()[0] == "python train.py"
    assert "commit c0ffee, changed since" in one.text
    assert str(other.place) == f"{file} (job 2)"
    assert "90 s of GPU" in other.text
    assert (other.state, other.text.splitlines()[1].partition(" on ")[0]) == ("", "ended, result unknown")


@pytest.mark.parametrize(
    "choice", [IntervalFilter(), IntervalFilter(project="kws"), IntervalFilter(since=T - 1e4, until=T + 1e4, project="kws")]
)
def test_erased_intervals_leave_no_byte(file: Path, choice: IntervalFilter) -> None:
    ledger = Ledger(file)
    words = [f"unforgettable{number}" for number in range(200)]
    look(ledger, 0, *(replace(JOB, birth=word, command=word) for word in words), replace(JOB, birth="kept", project="fsl", command="stays"))
    look(ledger, 30, *(replace(JOB, birth=word) for word in words[:100]))
    assert b"unforgettable" in b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert forget(file, choice) == (201 if choice == IntervalFilter() else 200)
    left = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"unforgettable" not in left
    assert (b"stays" in left) == (choice != IntervalFilter())
    look(ledger, 60, replace(JOB, birth="new"))
    assert "new" in [one.birth for one in reader.intervals(file)], "the watcher goes on"


def test_links_to_erased_intervals_are_removed(file: Path) -> None:
    ledger = Ledger(file)
    look(ledger, 0, JOB)
    look(ledger, 30, replace(JOB, birth="b", start=T + 20))
    forget(file, IntervalFilter(until=T))
    assert only(file).again is None


def test_a_reader_that_blocks_erasing_is_reported(file: Path) -> None:
    look(Ledger(file), 0, JOB)
    with reader._opened(file) as base:
        assert base
        base.execute("BEGIN")
        base.execute("SELECT * FROM interval").fetchone()
        with pytest.raises(Problem, match="1 removed, but another process still reads"):
            forget(file, IntervalFilter(), patience=0.2)
        base.rollback()
    assert forget(file, IntervalFilter()) == 0


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda file: file.write_bytes(b"no database at all, but long enough to be read as one" * 99), "move it away"),
        (lambda file: sqlite3.connect(file).execute("PRAGMA user_version = 9").connection.commit(), "another version of scratchlab"),
    ],
)
def test_damaged_files_and_other_versions_are_reported(file: Path, spoil, sentence: str) -> None:
    file.parent.mkdir()
    spoil(file)
    before = file.read_bytes()
    with pytest.raises(Problem, match=sentence):
        Ledger(file)
    assert file.read_bytes() == before
