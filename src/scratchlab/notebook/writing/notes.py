"""Writing into a note that a person keeps: planned, shown, and done only if the person says yes."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from scratchlab.checks import Problem, counted
from scratchlab.notebook.writing import disk
from scratchlab.notebook.writing.backups import Backups, Entry
from scratchlab.notebook.writing.insertion import Insertion, inserted
from scratchlab.notebook.writing.lines import lines

TIMES = 20  # that a note is read again because somebody else wrote it


@dataclass(frozen=True)
class Planned:
    """An insertion as it would be made now: the note's bytes as they are, and as they would be."""

    note: Path
    text: str
    under: tuple[str, ...]
    encoding: str
    old: bytes
    made: Insertion

    def diff(self) -> str:
        """What would change, as a unified diff."""
        return diff(self.old, self.made.new, str(self.note), self.made.encoding)


def planned(note: Path, text: str, under: tuple[str, ...], encoding: str = "") -> Planned:
    """Reads the note and finds the place. Raises Problem where there is none."""
    old = disk.read(note)
    try:
        return Planned(note, text, under, encoding, old, inserted(old, text, under, encoding))
    except Problem as problem:
        raise Problem(f"{note}: {problem}") from None


def written(plan: Planned, backups: Backups) -> tuple[Planned, Entry]:
    """Makes the insertion, and tells which it became: if somebody has written the note meanwhile, the text goes into what they wrote.

    Raises Problem where it cannot be made, or not within `TIMES` because somebody writes it all the time; the note is then theirs.
    """
    with backups.alone():
        for _ in range(TIMES):
            heading = plan.made.heading
            told = counted(len(plan.text.strip().splitlines()), "line") + (f" under '{heading.text}'" if heading else " at the end")
            try:
                return plan, backups.written(plan.note, plan.old, plan.made.new, told)
            except disk.Changed:
                plan = planned(plan.note, plan.text, plan.under, plan.encoding)
    raise Problem(f"{plan.note} was written by another program each of {TIMES} times that it was read; nothing was inserted. Try again.")


def diff(old: bytes, new: bytes, name: str, encoding: str = "", names: tuple[str, str] = ("before", "after")) -> str:
    """A unified diff of two versions of a note, as a person reads it; one line tells that they differ only where nothing shows."""
    one, other = (lines(version, "" if encoding in ("ascii", "utf-16-le", "utf-16-be") else encoding) for version in (old, new))
    told = list(difflib.unified_diff(one.texts, other.texts, f"{name} ({names[0]})", f"{name} ({names[1]})", lineterm=""))
    if not told and old != new:
        return f"{name}: only line ends or bytes that do not show differ."
    return "\n".join(told)
