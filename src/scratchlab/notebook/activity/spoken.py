"""Intervals in words: how each ended, where it writes, what it is called."""

from __future__ import annotations

from scratchlab.notebook.activity.intervals import Interval, Seen

_VIA = {"tmux": "in tmux", "screen": "in screen", "zellij": "in zellij", "terminal": "on a terminal", "nowhere": "nowhere", "": "unknown"}


def outcome(one: Interval) -> str:
    """How it ended, as far as it is known."""
    if one.state == "exited":
        return "ended, how is not known"
    if one.state == "vanished":
        return "ended unwatched"
    return f"{one.state} ({one.how})" if one.how else one.state


def written(one: Seen) -> str:
    """Where its output goes."""
    if one.log:
        return one.log if one.via in ("file", "opened", "slurm") else f"{one.log} ({one.via})"
    if one.via in ("deleted file", "socket", "pipe"):
        return f"a {one.via}"
    return _VIA.get(one.via, f"into {one.via}")


def called(command: str, most: int = 60) -> str:
    """A command for a table: without the folder of its program and of its interpreter's, cut."""
    first, _, rest = command.partition(" ")
    short = f"{first.rsplit('/', 1)[-1]} {rest}".rstrip()
    return short if len(short) <= most else f"{short[: most - 1]}…"
