"""Undoing a write, only if the note is still byte for byte as that write left it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scratchlab.checks import Problem
from scratchlab.notebook.writing import disk
from scratchlab.notebook.writing.backups import Backups, Entry, version_name
from scratchlab.notebook.writing.notes import diff

State = Literal["stands", "taken back", "changed since", "gone"]
"""stands: the note is as the write left it. taken back: it is as before the write (also if the write was interrupted).
changed since: neither. gone: the note does not exist.
"""


class Refused(Problem):
    """The write cannot be undone without losing later changes; shown: the diffs."""

    def __init__(self, message: str, shown: str) -> None:
        super().__init__(message)
        self.shown = shown


@dataclass(frozen=True)
class Write:
    """A write of the journal and its current state."""

    entry: Entry
    state: State


def writes(backups: Backups) -> list[Write]:
    """All writes, the newest first, without abandoned ones and without undos."""
    entries = [entry for entry in backups.entries() if not entry.void]
    undone_numbers = {entry.undoes for entry in entries}
    return [Write(entry, _state(entry, entry.number in undone_numbers)) for entry in reversed(entries) if not entry.undoes]


def _state(entry: Entry, undone: bool) -> State:
    try:
        now = version_name(Path(entry.note).read_bytes())
    except OSError:
        return "gone"
    if now == entry.after:
        return "stands"
    return "taken back" if undone or now == entry.before else "changed since"


def undo_write(backups: Backups, number: int = 0) -> tuple[Entry, str]:
    """Undoes the write with this number (0: the last one not undone yet); returns the write and the diff of the undo.

    Raises Refused, with the note unchanged, if the note is not as the write left it; Problem if there is nothing to undo.
    """
    with backups.exclusive():
        all_writes = writes(backups)
        fitting = (
            [write for write in all_writes if write.entry.number == number]
            if number
            else [write for write in all_writes if write.state != "taken back"]
        )
        if not fitting:
            raise Problem(f"There is no write {number}; `scratchlab undo --list` lists them." if number else "There is no write to undo.")
        entry, state = fitting[0].entry, fitting[0].state
        before, after = backups.version(entry.before), backups.version(entry.after)
        if state == "taken back":
            raise Problem(f"Write {entry.number} is already undone: {entry.note} does not contain it.")
        if state == "stands":
            try:
                backups.write(Path(entry.note), after, before, f"undid write {entry.number}", undoes=entry.number)
                return entry, diff(after, before, entry.note, names=("written", "restored"))
            except disk.Changed:
                pass
        raise _refusal(entry, before, after, backups)


def _refusal(entry: Entry, before: bytes, after: bytes, backups: Backups) -> Refused:
    versions = backups.folder / "versions"
    try:
        now = Path(entry.note).read_bytes()
    except OSError:
        return Refused(f"{entry.note} does not exist any more; its version before write {entry.number} is {versions / entry.before}.", "")
    shown = (diff(before, after, entry.note, names=("before", "written")), diff(after, now, entry.note, names=("written", "now")))
    return Refused(
        f"{entry.note} has changed since write {entry.number}, so undoing it would lose later changes; nothing was changed. "
        f"The version before the write is {versions / entry.before}.",
        "\n\n".join(shown),
    )
