"""Slurm's queue and accounting, from simulated commands with Slurm's output format."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from scratchlab.notebook.activity import reader, slurm
from scratchlab.notebook.activity.reader import IntervalFilter
from scratchlab.notebook.activity.watching import FILE, Watcher

QUEUE = """\
4242|RUNNING|2026-03-09T12:00:00|{cwd}|{cwd}/train.sh|kws|base
4243_1|PENDING|N/A|{cwd}|{cwd}/train.sh|sweep token=abcdef
4244|CONFIGURING|2026-03-09T12:00:00|{cwd}|(null)|soon
"""
PAST = """\
4242|RUNNING|2026-03-09T12:00:00|Unknown|0:0|00:00:00|{cwd}|kws|sbatch train.sh
4200|COMPLETED|2026-03-09T08:00:00|2026-03-09T10:30:00|0:0|1-02:03:04|{cwd}|kws|sbatch --export=ALL,HF_TOKEN=abcdef train.sh | tee x
4201|FAILED|2026-03-09T08:00:00|2026-03-09T08:01:00|1:0|00:10.500|{cwd}|kws|
4202|FAILED|2026-03-09T08:00:00|2026-03-09T08:01:00|0:11|00:01:00|{cwd}|kws|
4203|CANCELLED by 1000|2026-03-09T08:00:00|2026-03-09T08:05:00|0:15|00:01:00|{cwd}|kws|
4204|OUT_OF_MEMORY|2026-03-09T08:00:00|2026-03-09T08:05:00|0:125|00:01:00|{cwd}|kws|
4205|CANCELLED|None|2026-03-09T08:05:00|0:0|00:00:00|{cwd}|never begun|
torn line
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pretended commands, first in PATH, which note how they were called; and a project whose log of 4200 is there."""
    (tmp_path / "kws" / ".git").mkdir(parents=True)
    (tmp_path / "kws" / "slurm-4200.out").write_text("epoch 1\n")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    say(tmp_path, "squeue", QUEUE)
    say(tmp_path, "sacct", PAST)
    return tmp_path


def say(folder: Path, command: str, text: str, status: int = 0) -> None:
    """Makes `command` print this."""
    path = folder / "bin" / command
    (folder / f"{command}.txt").write_text(text.format(cwd=folder / "kws"))
    to = ">&2" if status else ""
    path.write_text(f'#!/bin/sh\necho "$@" >> {folder}/{command}.called\ncat {folder}/{command}.txt {to}\nexit {status}\n')
    path.chmod(0o755)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_the_queue_lists_running_and_pending_jobs(cluster: Path) -> None:
    running, waiting = slurm.queue()
    (one,) = running
    assert (one.pid, one.slurm, one.start, one.project, one.command) == (
        (4242, "4242", seconds("2026-03-09T12:00"), "kws", f"{cluster}/kws/train.sh")
    )
    assert [(job.number, job.name, job.state) for job in waiting] == [
        ("4243_1", "sweep token=REDACTED", "pending"),
        ("4244", "soon", "configuring"),
    ]


def test_accounting_has_the_results_of_past_jobs(cluster: Path) -> None:
    told = slurm.jobs(seconds("2026-03-08T12:00"))
    assert not isinstance(told, str)
    host, seen = told
    found = {one.slurm: one for one in seen}
    assert host == "slurm"
    assert {number: (one.state, one.how) for number, one in found.items()} == {
        "4242": ("running", ""),
        "4200": ("finished", ""),
        "4201": ("failed", "status 1"),
        "4202": ("failed", "signal 11"),
        "4203": ("killed", "cancelled"),
        "4204": ("killed", "out of memory"),
    }
    one = found["4200"]
    assert (one.end, one.cpu, one.log) == (seconds("2026-03-09T10:30"), 93784.0, str(cluster / "kws" / "slurm-4200.out"))
    assert one.command == "sbatch --export=ALL,HF_TOKEN=REDACTED train.sh '|' tee x"
    assert found["4201"].cpu == 10.5
    assert found["4201"].log == ""
    assert "--starttime=2026-03-08T12:00:00" in (cluster / "sacct.called").read_text()
    assert "--parsable2" in (cluster / "sacct.called").read_text()
    assert "--me" in (cluster / "squeue.called").read_text()


def test_without_accounting_the_queue_is_used(cluster: Path) -> None:
    say(cluster, "sacct", "Slurm accounting storage is disabled\n", 1)
    told = slurm.jobs(0)
    assert not isinstance(told, str)
    assert [one.slurm for one in told[1]] == ["4242"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("slurm_load_jobs error: Unable to contact slurm controller\n", "squeue fails: slurm_load_jobs error"),
        ("", "squeue fails: status 1"),
    ],
)
def test_a_failing_queue_is_reported(cluster: Path, said: str, sentence: str) -> None:
    say(cluster, "squeue", said, 1)
    assert sentence in str(slurm.queue())
    assert sentence in str(slurm.jobs(0))


def test_a_machine_without_slurm_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "squeue is not installed here; remove `slurm = true` from [activity]" in str(slurm.queue())


def test_the_watcher_records_slurm_jobs_once(cluster: Path, tmp_path: Path) -> None:
    only = IntervalFilter(host="slurm")
    with Watcher(tmp_path / "kept", 30, scheduler=slurm.jobs) as watcher:
        first = watcher.scan()
        assert len([one for one in first.began if one.host == "slurm"]) == 6
        say(cluster, "squeue", "")
        say(
            cluster,
            "sacct",
            PAST.replace("4242|RUNNING|2026-03-09T12:00:00|Unknown", "4242|TIMEOUT|2026-03-09T12:00:00|2026-03-09T13:00:00"),
        )
        second = watcher.scan()
        assert [(one.slurm, one.state, one.how) for one in second.ended if one.host == "slurm"] == [("4242", "killed", "timeout")]
        third = watcher.scan()
    assert not [one for one in (*third.began, *third.ended) if one.host == "slurm"]
    found = reader.intervals(tmp_path / "kept" / FILE, only)
    assert len(found) == 6
    assert {one.slurm: one.end for one in found}["4242"] == seconds("2026-03-09T13:00")
