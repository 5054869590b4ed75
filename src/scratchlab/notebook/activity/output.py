"""Where a job writes its output, determined from its open files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scratchlab.notebook.activity.processes import Process, Snapshot
from scratchlab.notebook.activity.programs import program

_LOG = re.compile(r".*\.(?:log|out|txt|jsonl)|(?:.*/)?events\.[^/]*")
_DEEPEST = 5  # maximum programs in a pipeline


@dataclass(frozen=True)
class Output:
    """The destination of a job's output.

    path: the file; "" if there is none.
    via: how it gets there, or where it goes instead: `file`, `tee` or another program, `opened` (a log opened by the job), `tmux`,
        `terminal`, `nowhere`, `deleted file`, `socket`.
    """

    path: str
    via: str


def output(members: Iterable[Process], snapshot: Snapshot) -> Output:
    """The first file found among: standard output and error of the first process, then logs opened by any of the processes."""
    members = list(members)
    root = members[0]
    found = [_followed(root, number, snapshot) for number in (1, 2)]
    for destination in found:
        if destination.path:
            return destination
    if path := _log(members, snapshot):
        return Output(path, "opened")
    return found[0] if found[0].via != "nowhere" else found[1]


def _followed(process: Process, number: int, snapshot: Snapshot, depth: int = 0) -> Output:
    """The destination of standard output (1) or error (2) of a process."""
    target = process.links.get(number, "")
    if target.endswith(" (deleted)"):
        return Output("", "deleted file")
    if target.startswith(("/dev/pts/", "/dev/tty")):
        return Output("", _terminal(process, snapshot))
    if target.startswith("pipe:") and depth < _DEEPEST:
        return _read_by(target, process, snapshot, depth)
    if target.startswith("/") and not target.startswith("/dev/"):
        return Output(target, "file")
    return Output("", "nowhere" if target in ("", "/dev/null") else target.partition(":")[0])


def _read_by(pipe: str, writer: Process, snapshot: Snapshot, depth: int) -> Output:
    """The destination of a pipe: a file of the program that reads it, or of the next one in the pipeline."""
    readers = [candidate for candidate in snapshot.processes.values() if candidate.links.get(0) == pipe and candidate.pid != writer.pid]
    for reader in readers:
        name = program(reader.argv)
        files = [link.target for link in snapshot.opened(reader.pid) if link.written and _is_file(link.target)]
        if files:
            return Output(files[0], name)
        if (further := _followed(reader, 1, snapshot, depth + 1)).path:
            return Output(further.path, name)
    return Output("", program(readers[0].argv) if readers else "pipe")


def _terminal(process: Process, snapshot: Snapshot) -> str:
    """The kind of terminal: tmux, screen, zellij, or `terminal`."""
    visited: set[int] = set()
    above = snapshot.processes.get(process.parent)
    while above is not None and above.pid not in visited:
        if (name := program(above.argv)) in ("tmux", "screen", "SCREEN", "zellij"):
            return name.lower()
        visited.add(above.pid)
        above = snapshot.processes.get(above.parent)
    return "terminal"


def _log(members: list[Process], snapshot: Snapshot) -> str:
    """A log that one of the processes has open and has written to; text files before TensorBoard's events."""
    found: list[str] = []
    for process in members:
        written = [link.target for link in snapshot.opened(process.pid) if link.written and _LOG.fullmatch(link.target)]
        found += [path for path in written if _is_file(path) and snapshot.grown(path, members[0].start)]
    return min(found, key=lambda path: "/events." in path, default="")


def _is_file(target: str) -> bool:
    return target.startswith("/") and not target.startswith(("/dev/", "/proc/", "/memfd:")) and not target.endswith(" (deleted)")
