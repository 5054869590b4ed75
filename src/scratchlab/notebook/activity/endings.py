"""What became of a job: from its exit status where the kernel tells it, else from the end of its log, else left open."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from scratchlab.notebook.activity.exits import Exit

_END = 8192  # bytes of a log that are looked at
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL})
_NAMES = {int(one): one.name for one in signal.Signals}
_SIGNS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Ending:
    """What became of a job.

    state: `finished` (status 0), `failed`, `killed`, `exited` (it ended; how, nothing told) or `vanished` (it ended unwatched).
    how: `status 1`, `SIGKILL`, `its log ends in a traceback`; "" if nothing tells.
    when: the second it ended; None if only that it was there when last seen.
    """

    state: str
    how: str = ""
    when: float | None = None


def ending(exit: Exit | None, log: str, *, unwatched: bool) -> Ending:  # noqa: A002
    """Of a job that is not there any more. `log`: its file if it lies here, else "". `unwatched`: no one looked when it ended."""
    if exit is not None and exit.status is not None:
        return _by_status(exit.status, exit.when)
    when = exit.when if exit is not None else None
    if log and ends_in_traceback(end(log)):
        return Ending("failed", "its log ends in a traceback", when)
    return Ending("vanished" if unwatched else "exited", "", when)


def _by_status(status: int, when: float) -> Ending:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return Ending("failed" if number in _CRASHES else "killed", _NAMES.get(number, f"signal {number}"), when)
    code = os.WEXITSTATUS(status)
    return Ending("failed", f"status {code}", when) if code else Ending("finished", "", when)


def end(log: str) -> str:
    """The last 8 kB of a file; "" where it cannot be read, and of what is no plain file (a pipe would be emptied)."""
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
    """The last line that is not empty, as a terminal would show it: of a bar that draws over itself, the last state."""
    lines = (_SIGNS.sub("", line).strip() for line in re.split(r"[\r\n]+", text))
    return next((line for line in reversed(list(lines)) if line), "")


def ends_in_traceback(text: str) -> bool:
    """Whether the last thing that Python said is an exception: after the traceback, its frames and one sentence, nothing more."""
    _, found, after = text.rpartition("Traceback (most recent call last):\n")
    lines = [line for line in after.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith((" ", "\t"))]
    return bool(found) and len(said) == 1 and lines[-1] == said[0] and bool(re.match(r"[A-Za-z_][\w.]*(?::|$)", said[0]))
