"""The result of a job: from its exit status if the kernel provides it, else from the end of its log, else unknown."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from scratchlab.notebook.activity.exits import Exit

_END = 8192  # bytes read from the end of a log
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL})
_NAMES = {int(one): one.name for one in signal.Signals}
_SIGNS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class JobResult:
    """How a job ended.

    state: `finished` (status 0), `failed`, `killed`, `exited` (ended, result unknown) or `vanished` (ended while not watched).
    how: `status 1`, `SIGKILL`, `its log ends in a traceback`; "" if unknown.
    when: the time it ended, in seconds since 1970; None if only known to be after it was last seen.
    """

    state: str
    how: str = ""
    when: float | None = None


def job_result(exit: Exit | None, log: str, *, unwatched: bool) -> JobResult:  # noqa: A002
    """The result of a job that has ended; log: path of its log on this machine, else ""; unwatched: whether it ended while not watched."""
    if exit is not None and exit.status is not None:
        return _by_status(exit.status, exit.when)
    when = exit.when if exit is not None else None
    if log and ends_in_traceback(end(log)):
        return JobResult("failed", "its log ends in a traceback", when)
    return JobResult("vanished" if unwatched else "exited", "", when)


def _by_status(status: int, when: float) -> JobResult:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return JobResult("failed" if number in _CRASHES else "killed", _NAMES.get(number, f"signal {number}"), when)
    code = os.WEXITSTATUS(status)
    return JobResult("failed", f"status {code}", when) if code else JobResult("finished", "", when)


def end(log: str) -> str:
    """The last 8 kB of a file; "" if it cannot be read or is no regular file (reading a pipe would consume it)."""
    try:
        path = Path(log)
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _END))
            return file.read(_END).decode(errors="replace")
    except OSError:
        return ""


def last_line(text: str) -> str:
    """The last line that is not empty, as shown in a terminal: of a progress bar, its last state."""
    lines = (_SIGNS.sub("", line).strip() for line in re.split(r"[\r\n]+", text))
    return next((line for line in reversed(list(lines)) if line), "")


def ends_in_traceback(text: str) -> bool:
    """Whether a text ends with a Python traceback: after its frames, only the line of the exception follows."""
    _, found, after = text.rpartition("Traceback (most recent call last):\n")
    lines = [line for line in after.splitlines() if line.strip()]
    unindented = [line for line in lines if not line.startswith((" ", "\t"))]
    return bool(found) and len(unindented) == 1 and lines[-1] == unindented[0] and bool(re.match(r"[A-Za-z_][\w.]*(?::|$)", unindented[0]))
