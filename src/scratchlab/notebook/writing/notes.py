"""Insertions into the user's notes: planned, shown, and written after consent."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from scratchlab.checks import Problem, counted
from scratchlab.notebook.writing import disk
from scratchlab.notebook.writing.backups import Backups, Entry
from scratchlab.notebook.writing.insertion import Insertion, insert_text
from scratchlab.notebook.writing.lines import lines

TIMES = 20  # attempts when other programs write the note


@dataclass(frozen=True)
class PlannedInsertion:
    """A planned insertion.

    old: the note's current bytes. made: the insertion, with the bytes as they would be.
    """

    note: Path
    text: str
    under: tuple[str, ...]
    encoding: str
    old: bytes
    made: Insertion

    def diff(self) -> str:
        """The change as a unified diff."""
        return diff(self.old, self.made.new, str(self.note), self.made.encoding)


def plan_insertion(note: Path, text: str, under: tuple[str, ...], encoding: str = "") -> PlannedInsertion:
    """Reads the note and plans the insertion. Raises Problem if it is not possible."""
    old = disk.read(note)
    try:
        return PlannedInsertion(note, text, under, encoding, old, insert_text(old, text, under, encoding))
    except Problem as problem:
        raise Problem(f"{note}: {problem}") from None


def write_insertion(plan: PlannedInsertion, backups: Backups) -> tuple[PlannedInsertion, Entry]:
    """Writes the insertion; returns the plan that was carried out: if the note has changed meanwhile, a new one for its new version.

    Raises Problem if that is not possible, or fails `TIMES` times because another program keeps writing the note, which is left as it is.
    """
    with backups.exclusive():
        for _ in range(TIMES):
            heading = plan.made.heading
            description = counted(len(plan.text.strip().splitlines()), "line") + (f" under '{heading.text}'" if heading else " at the end")
            try:
                return plan, backups.write(plan.note, plan.old, plan.made.new, description)
            except disk.Changed:
                plan = plan_insertion(plan.note, plan.text, plan.under, plan.encoding)
    raise Problem(f"{plan.note} was changed by another program in each of {TIMES} attempts; nothing was inserted. Try again.")


def diff(old: bytes, new: bytes, name: str, encoding: str = "", names: tuple[str, str] = ("before", "after")) -> str:
    """A unified diff of two versions of a note; a sentence if they differ only in line ends or undecodable bytes."""
    before, after = (lines(version, "" if encoding in ("ascii", "utf-16-le", "utf-16-be") else encoding) for version in (old, new))
    diff_lines = list(difflib.unified_diff(before.texts, after.texts, f"{name} ({names[0]})", f"{name} ({names[1]})", lineterm=""))
    if not diff_lines and old != new:
        return f"{name}: only line ends or invisible bytes differ."
    return "\n".join(diff_lines)
