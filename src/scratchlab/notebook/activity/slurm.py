"""Jobs of Slurm, as squeue and sacct tell them: what waits and runs, and what came of the rest."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scratchlab.notebook.activity import redact
from scratchlab.notebook.activity.intervals import Seen
from scratchlab.notebook.activity.projects import project

HOST = "slurm"
"""What its jobs have for a host: where they run is the scheduler's to choose."""
_PATIENCE = 15
_QUEUE = ["squeue", "--me", "--noheader", "--array", "--format=%i|%T|%S|%Z|%o|%j"]
_FIELDS = "JobID,State,Start,End,ExitCode,TotalCPU,WorkDir,JobName,SubmitLine"
_PAST = ["sacct", "--parsable2", "--noheader", "--allocations", f"--format={_FIELDS}"]
_STATES = {"COMPLETED": "finished", "RUNNING": "running", "COMPLETING": "running", "SUSPENDED": "running", "STAGE_OUT": "running"}
_KILLED = {"CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "PREEMPTED", "NODE_FAIL", "DEADLINE", "REVOKED"}


@dataclass(frozen=True)
class Waiting:
    """A job that has not begun: its number, name and what the queue says of it."""

    number: str
    name: str
    state: str


def queue() -> tuple[list[Seen], list[Waiting]] | str:
    """What runs and what waits; or a sentence why that is not known."""
    said = _asked(_QUEUE)
    if isinstance(said, str):
        return said
    running: list[Seen] = []
    waiting: list[Waiting] = []
    for number, state, start, cwd, command, name in _rows(said, 6):
        begun = _seconds(start)
        if _STATES.get(state) == "running" and begun is not None:
            running.append(_seen(number, begun, cwd, command or name))
        elif state in ("PENDING", "CONFIGURING"):
            waiting.append(Waiting(number, redact.text(name), state.lower()))
    return running, waiting


def jobs(since: float) -> tuple[str, list[Seen]] | str:
    """What runs, and what ran since; from the queue alone where no accounts are kept. A sentence where there is no answer at all."""
    queued = queue()
    if isinstance(queued, str):
        return queued
    found = {seen.birth: seen for seen in queued[0]}
    begin = datetime.fromtimestamp(since).isoformat(timespec="seconds")
    past = _asked([*_PAST, f"--starttime={begin}"])
    for row in [] if isinstance(past, str) else _rows(past, 9):
        number, state, start, end, code, cpu, cwd, name, submitted = row
        begun, word = _seconds(start), state.split()[0] if state else ""
        if begun is None or word in ("PENDING", "REQUEUED") or f"slurm-{number}" in found:
            continue
        its = _STATES.get(word, "killed" if word in _KILLED else "failed")
        how = "" if its in ("finished", "running") else _how(word, code)
        seen = _seen(number, begun, cwd, submitted or name, _cpu(cpu), its, None if its == "running" else _seconds(end), how)
        found[seen.birth] = seen
    return HOST, list(found.values())


def _asked(command: list[str]) -> list[str] | str:
    """Its lines; or a sentence."""
    if shutil.which(command[0]) is None:
        return f"{command[0]} is not here; take `slurm = true` out of [activity], or run on a login node"
    clean = {**os.environ, "SLURM_TIME_FORMAT": "standard", "LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, env=clean, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{command[0]} does not answer: {error}"
    if done.returncode:
        return f"{command[0]} fails: {(done.stderr.strip() or f'status {done.returncode}').splitlines()[0]}"
    return done.stdout.splitlines()


def _rows(lines: list[str], columns: int) -> list[list[str]]:
    """The rows of so many columns; the last, free text, may hold the sign that parts them."""
    return [cells for line in lines if len(cells := line.split("|", columns - 1)) == columns]


def _seen(
    number: str, start: float, cwd: str, command: str, cpu: float = 0.0, state: str = "running", end: float | None = None, how: str = ""
) -> Seen:
    its = project(cwd)
    log = Path(cwd) / f"slurm-{number}.out"  # where Slurm writes unless told otherwise
    digits = re.match(r"\d+", number)
    return Seen(
        host=HOST,
        pid=int(digits[0]) if digits else 0,
        birth=f"slurm-{number}",
        start=start,
        cwd=redact.path(cwd),
        project=redact.path(its.name),
        folder=redact.path(its.folder),
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
    """`OUT_OF_MEMORY` -> `out of memory`; of a plain failure its status or signal."""
    status, _, number = code.partition(":")
    if word != "FAILED":
        return word.lower().replace("_", " ")
    return f"signal {number}" if number not in ("", "0") else f"status {status}"


def _seconds(when: str) -> float | None:
    """Seconds since 1970 of a local time; None of `Unknown`, `N/A`."""
    try:
        return datetime.fromisoformat(when).timestamp()
    except ValueError:
        return None


def _cpu(said: str) -> float:
    """Seconds of `[days-[hours:]]minutes:seconds`; 0 where it is not told yet."""
    days, _, clock = said.rpartition("-")
    try:
        parts = [float(part) for part in clock.split(":")]
        return int(days or 0) * 86400 + sum(part * 60**power for power, part in enumerate(reversed(parts)))
    except ValueError:
        return 0.0
