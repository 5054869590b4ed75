"""Taking back the last write: only if the note still is what that write left, to the byte."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scratchlab.checks import Problem
from scratchlab.notebook.writing import disk
from scratchlab.notebook.writing.backups import Backups, Entry, named
from scratchlab.notebook.writing.notes import diff

State = Literal["stands", "taken back", "changed since", "gone"]
"""stands: the note is what the write left. taken back: it is what the write found, as one that was cut short had left it as well.
changed since: neither. gone: it is not there.
"""


class Refused(Problem):
    """A write that cannot be taken back without losing what came after it; `shown` is what differs."""

    def __init__(self, message: str, shown: str) -> None:
        super().__init__(message)
        self.shown = shown


@dataclass(frozen=True)
class Write:
    """A write of the journal and what has become of it."""

    entry: Entry
    state: State


def writes(backups: Backups) -> list[Write]:
    """All that were made, the newest first; neither those given up nor the takings back themselves."""
    entries = [entry for entry in backups.entries() if not entry.void]
    again = {entry.undoes for entry in entries}
    return [Write(entry, _state(entry, entry.number in again)) for entry in reversed(entries) if not entry.undoes]


def _state(entry: Entry, again: bool) -> State:
    try:
        now = named(Path(entry.note).read_bytes())
    except OSError:
        return "gone"
    if now == entry.after:
        return "stands"
    return "taken back" if again or now == entry.before else "changed since"


def undone(backups: Backups, number: int = 0) -> tuple[Entry, str]:
    """Takes back the last write that was not taken back already, or the one of this number; the write and the diff of taking it back.

    Raises Refused, with the note untouched, where it is not what the write left; Problem where there is nothing to take back.
    """
    with backups.alone():
        made = writes(backups)
        fitting = [one for one in made if one.entry.number == number] if number else [one for one in made if one.state != "taken back"]
        if not fitting:
            raise Problem(
                f"There is no write {number}; `scratchlab undo --list` lists them." if number else "There is no write to take back."
            )
        entry, state = fitting[0].entry, fitting[0].state
        before, after = backups.version(entry.before), backups.version(entry.after)
        if state == "taken back":
            raise Problem(f"Write {entry.number} is taken back already: {entry.note} does not have it.")
        if state == "stands":
            try:
                backups.written(Path(entry.note), after, before, f"took back write {entry.number}", undoes=entry.number)
                return entry, diff(after, before, entry.note, names=("written", "restored"))
            except disk.Changed:
                pass
        raise _refusal(entry, before, after, backups)


def _refusal(entry: Entry, before: bytes, after: bytes, backups: Backups) -> Refused:
    versions = backups.folder / "versions"
    try:
        now = Path(entry.note).read_bytes()
    except OSError:
        return Refused(f"{entry.note} is not there any more; what it was before write {entry.number} is {versions / entry.before}.", "")
    shown = (diff(before, after, entry.note, names=("before", "written")), diff(after, now, entry.note, names=("written", "now")))
    return Refused(
        f"{entry.note} is not what write {entry.number} left, so taking it back would lose what came after; nothing was changed, "
        f"and what it was before is {versions / entry.before}.",
        "\n\n".join(shown),
    )
