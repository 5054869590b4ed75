"""Formats intervals: result, output target and short command."""

from __future__ import annotations

from scratchlab.notebook.activity.intervals import Interval, JobRecord

_VIA = {"tmux": "in tmux", "screen": "in screen", "zellij": "in zellij", "terminal": "on a terminal", "nowhere": "nowhere", "": "unknown"}


def describe_result(job: Interval) -> str:
    """The result of a job, in words."""
    if job.state == "exited":
        return "ended, result unknown"
    if job.state == "vanished":
        return "ended while not watched"
    return f"{job.state} ({job.how})" if job.how else job.state


def output_target(job: JobRecord) -> str:
    """Where a job's output goes, in words."""
    if job.log:
        return job.log if job.via in ("file", "opened", "slurm") else f"{job.log} ({job.via})"
    if job.via in ("deleted file", "socket", "pipe"):
        return f"a {job.via}"
    return _VIA.get(job.via, f"into {job.via}")


def short_command(command: str, most: int = 60) -> str:
    """A command without the folder of its program, cut to `most` characters."""
    first, _, rest = command.partition(" ")
    short = f"{first.rsplit('/', 1)[-1]} {rest}".rstrip()
    return short if len(short) <= most else f"{short[: most - 1]}…"
