"""Slurm jobs from squeue and sacct: pending, running and past ones."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scratchlab.notebook.activity import redact
from scratchlab.notebook.activity.intervals import JobRecord
from scratchlab.notebook.activity.projects import project

HOST = "slurm"
"""The host name recorded for Slurm jobs."""
_PATIENCE = 15
_QUEUE = ["squeue", "--me", "--noheader", "--array", "--format=%i|%T|%S|%Z|%o|%j"]
_FIELDS = "JobID,State,Start,End,ExitCode,TotalCPU,WorkDir,JobName,SubmitLine"
_PAST = ["sacct", "--parsable2", "--noheader", "--allocations", f"--format={_FIELDS}"]
_STATES = {"COMPLETED": "finished", "RUNNING": "running", "COMPLETING": "running", "SUSPENDED": "running", "STAGE_OUT": "running"}
_KILLED = {"CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "PREEMPTED", "NODE_FAIL", "DEADLINE", "REVOKED"}


@dataclass(frozen=True)
class PendingJob:
    """A job that has not begun; state: its state in the queue."""

    number: str
    name: str
    state: str


def queue() -> tuple[list[JobRecord], list[PendingJob]] | str:
    """The running and the pending jobs; an error message if squeue fails."""
    lines = _run(_QUEUE)
    if isinstance(lines, str):
        return lines
    running: list[JobRecord] = []
    waiting: list[PendingJob] = []
    for number, state, start, cwd, command, name in _rows(lines, 6):
        begin = _seconds(start)
        if _STATES.get(state) == "running" and begin is not None:
            running.append(_record(number, begin, cwd, command or name))
        elif state in ("PENDING", "CONFIGURING"):
            waiting.append(PendingJob(number, redact.text(name), state.lower()))
    return running, waiting


def jobs(since: float) -> tuple[str, list[JobRecord]] | str:
    """Host name and jobs that run or ran since; without accounting only running ones. An error message if squeue fails."""
    queued = queue()
    if isinstance(queued, str):
        return queued
    found = {record.birth: record for record in queued[0]}
    begin = datetime.fromtimestamp(since).isoformat(timespec="seconds")
    past = _run([*_PAST, f"--starttime={begin}"])
    for row in [] if isinstance(past, str) else _rows(past, 9):
        number, state, start, end, code, cpu, cwd, name, submitted = row
        began, code_word = _seconds(start), state.split()[0] if state else ""
        if began is None or code_word in ("PENDING", "REQUEUED") or f"slurm-{number}" in found:
            continue
        job_state = _STATES.get(code_word, "killed" if code_word in _KILLED else "failed")
        how = "" if job_state in ("finished", "running") else _how(code_word, code)
        record = _record(
            number, began, cwd, submitted or name, _cpu(cpu), job_state, None if job_state == "running" else _seconds(end), how
        )
        found[record.birth] = record
    return HOST, list(found.values())


def _run(command: list[str]) -> list[str] | str:
    """The output lines of a command; an error message if it fails."""
    if shutil.which(command[0]) is None:
        return f"{command[0]} is not installed here; remove `slurm = true` from [activity], or run on a login node"
    clean = {**os.environ, "SLURM_TIME_FORMAT": "standard", "LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, env=clean, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{command[0]} does not answer: {error}"
    if done.returncode:
        return f"{command[0]} fails: {(done.stderr.strip() or f'status {done.returncode}').splitlines()[0]}"
    return done.stdout.splitlines()


def _rows(lines: list[str], columns: int) -> list[list[str]]:
    """Splits lines into columns; the last one, free text, may contain the separator."""
    return [cells for line in lines if len(cells := line.split("|", columns - 1)) == columns]


def _record(
    number: str, start: float, cwd: str, command: str, cpu: float = 0.0, state: str = "running", end: float | None = None, how: str = ""
) -> JobRecord:
    its_project = project(cwd)
    log = Path(cwd) / f"slurm-{number}.out"  # Slurm's default
    digits = re.match(r"\d+", number)
    return JobRecord(
        host=HOST,
        pid=int(digits[0]) if digits else 0,
        birth=f"slurm-{number}",
        start=start,
        cwd=redact.path(cwd),
        project=redact.path(its_project.name),
        folder=redact.path(its_project.folder),
        command=redact.command(command.split()),
        log=redact.path(str(log)) if log.is_file() else "",
        via="slurm",
        cpu=cpu,
        slurm=number,
        state=state,
        end=end,
        how=how,
    )


def _how(word: str, code: str) -> str:
    """`OUT_OF_MEMORY` -> `out of memory`; for FAILED, the status or signal."""
    status, _, number = code.partition(":")
    if word != "FAILED":
        return word.lower().replace("_", " ")
    return f"signal {number}" if number not in ("", "0") else f"status {status}"


def _seconds(when: str) -> float | None:
    """Seconds since 1970 of a local time; None for `Unknown`, `N/A`."""
    try:
        return datetime.fromisoformat(when).timestamp()
    except ValueError:
        return None


def _cpu(text: str) -> float:
    """Parses `[days-[hours:]]minutes:seconds` to seconds; 0 if not available yet."""
    days, _, clock = text.rpartition("-")
    try:
        parts = [float(part) for part in clock.split(":")]
        return int(days or 0) * 86400 + sum(part * 60**power for power, part in enumerate(reversed(parts)))
    except ValueError:
        return 0.0
